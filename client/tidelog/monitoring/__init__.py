"""What the machine does while it trains: processor, memory, disk, network and GPUs, sampled off the training thread.

`init_run` starts this by itself (`capture_hardware=False` turns it off). The figures and their units are listed in
docs/guide/monitoring.md.
"""

from tidelog.monitoring.monitor import HardwareMonitor

__all__ = ["HardwareMonitor"]
