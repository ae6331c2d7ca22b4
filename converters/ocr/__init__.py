"""Kits of graphs that read text off images: one finds its lines, one tells how they lie, one reads them."""
