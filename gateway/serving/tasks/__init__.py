"""One file a task: typed inputs to tensors to typed outputs, written once and used by every API."""
