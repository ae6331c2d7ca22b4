"""The gateway beside what people serve embeddings with otherwise: same weights, same texts, same machine."""
