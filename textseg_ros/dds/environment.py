"""Another name of `textseg_ros.rmw_environment`, which needs no Cyclone DDS."""

from textseg_ros.rmw_environment import (
    DdsSettings,
    free_domain_id,
    loopback_environment,
    read_environment,
)

__all__ = ["DdsSettings", "free_domain_id", "loopback_environment", "read_environment"]
