"""From pixels to metres: cameras, depth images, registration and objects in space.

Everything is in the camera's optical frame: x rightwards, y downwards, z along the optical axis,
metres (REP 103). Nothing here knows ROS; messages become arrays elsewhere.
"""
