"""`python -m tidelog_server` is `tidelog server`."""

from tidelog_server.server_command import main

raise SystemExit(main())
