"""OSC over UDP and TCP: the wire, the sockets, patterns, subscriptions and replies."""
