"""What a child process does: each function here is a job, with arguments and a result that are plain JSON."""
