"""A small RTPS participant that reads and writes what Cyclone's interface hides: inline QoS.

Services of Fast DDS name the request that a reply belongs to in the inline QoS of the reply, and
take the request's own writer and sequence number for that name. Cyclone DDS (11.0.1,
ddsi_create_fragment_message() in ddsi_transmit.c) puts nothing there but status and key hash, and
its samples tell no sequence number, so requests and replies of that framing have a participant of
their own. It serves nothing else: reliable, volatile endpoints without keys over UDP on IPv4.
"""
