"""Floor 1, Triton's side: manifests, layout, storage, rollout and the embedded server."""
