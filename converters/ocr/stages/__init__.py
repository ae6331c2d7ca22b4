"""The stages of kits that read text off images."""
