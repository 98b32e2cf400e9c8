"""What every room speaks: settings, messages, events, ports, errors. No I/O, imports no sibling."""
