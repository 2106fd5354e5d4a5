"""Who serves: the harness, nginx where it is installed, and a proxy that adds latency. All on loopback."""

from benchmarks.servers.origin import NGINX, Origin, nginx_version, serving

__all__ = ["NGINX", "Origin", "nginx_version", "serving"]
