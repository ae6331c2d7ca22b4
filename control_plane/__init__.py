"""Floor 3: state and rules. Accounts, models, builds and the snapshot that gateways serve from."""
