"""The ROS 2 node, over rclpy or as a plain DDS participant."""

import pkgutil

# Started from the source folder, this package would hide the messages that
# colcon generated under the same name in the install folder.
__path__ = pkgutil.extend_path(__path__, __name__)
