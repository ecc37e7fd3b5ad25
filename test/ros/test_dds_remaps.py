"""The DDS node under other names: transforms, clock, services and the action."""

from dds_peers import loopback_settings, make_string, wait_until
from recording import RednessBackend, make_segmenter

from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.dds_transport import DdsNode
from textseg_ros.naming import other_names, topic_names
from textseg_ros.settings import NodeSettings

SET_BOOL = "std_srvs/srv/SetBool"
REMAPS = (
    *("/tf:=/robot/tf", "/tf_static:=tf_static", "/clock:=/sim/clock"),
    *("segment:=cut", "/textseg/enable:=/on", "find:=/seek"),
)


def test_transforms_clock_services_and_action_bear_the_names_of_the_remaps() -> None:
    domain = loopback_settings()
    with Participant("planner", "/", domain) as peer:
        node = DdsNode(
            Participant("segmenter", "/textseg", domain),
            lambda _: make_segmenter(RednessBackend()),
            NodeSettings(use_sim_time=True, target_frame="base_link"),
            topic_names("/textseg", None, remaps=REMAPS),
            other_names("/textseg", REMAPS),
        )
        rpc = DdsRpc(peer, "fastrtps", lambda name, error: None, lambda text: None)
        try:
            transforms = [
                peer.publisher(name, "tf2_msgs/msg/TFMessage", transient_local="static" in name)
                for name in ("/robot/tf", "/textseg/tf_static")
            ]
            clock = peer.publisher("/sim/clock", "rosgraph_msgs/msg/Clock", reliable=False)
            peer.subscription("/textseg/cloud", "sensor_msgs/msg/PointCloud2", lambda _: None)
            node.behaviour.on_query(make_string(peer.types, "the red block"))

            def is_heard() -> bool:
                node.look()
                return all(end.matched for end in (*transforms, clock))

            assert wait_until(is_heard)
            for name, kind in (("/textseg/cut", "textseg_ros/srv/Segment"), ("/on", SET_BOOL)):
                assert rpc.client(name, kind).wait_for_service(), name
            assert rpc.action_client("/seek", "textseg_ros/action/Find").wait_for_server(10.0)
            assert not rpc.client("/textseg/enable", SET_BOOL).wait_for_service(0.0)
        finally:
            rpc.close()
            node.close()
