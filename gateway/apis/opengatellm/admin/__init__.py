"""Administration: what needs the permission `admin`."""
