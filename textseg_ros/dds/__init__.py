"""A plain DDS participant that speaks the ROS 2 wire protocol without ROS 2.

Importing it raises RuntimeError, with the way out, where cyclonedds is missing.
"""

from textseg_ros.dds.support import require_cyclonedds

require_cyclonedds()
