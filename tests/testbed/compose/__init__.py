"""docker-compose.yml for real, where images cannot be pulled: a Docker daemon of its own, with stand-ins for base images.

The stand-ins bear the names of the images that the files ask for, so the files run as they are.
"""
