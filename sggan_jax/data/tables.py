"""Label sets, as data: each data set's classes, and the Cityscapes class that each of them is.

Cityscapes' definitions decide: vans are cars, lane markings are road, the back of a sign is static,
and what Cityscapes does not know is ``unlabeled``, ``static`` or ``dynamic``.
"""

from collections.abc import Sequence

from sggan_jax.data.class_table import ClassTable, make_table
from sggan_jax.types import IGNORE

PAPER_GROUPS = (
    "others",
    "vehicles",
    "pedestrians",
    "cyclist",
    "roads",
    "construction",
    "sky",
    "tree",
)

# id, name, train id (255: ignored), colour, group of the paper
_CITYSCAPES = (
    (0, "unlabeled", 255, (0, 0, 0), 0),
    (1, "ego vehicle", 255, (0, 0, 0), 0),
    (2, "rectification border", 255, (0, 0, 0), 0),
    (3, "out of roi", 255, (0, 0, 0), 0),
    (4, "static", 255, (0, 0, 0), 0),
    (5, "dynamic", 255, (111, 74, 0), 0),
    (6, "ground", 255, (81, 0, 81), 0),
    (7, "road", 0, (128, 64, 128), 4),
    (8, "sidewalk", 1, (244, 35, 232), 4),
    (9, "parking", 255, (250, 170, 160), 4),
    (10, "rail track", 255, (230, 150, 140), 4),
    (11, "building", 2, (70, 70, 70), 5),
    (12, "wall", 3, (102, 102, 156), 5),
    (13, "fence", 4, (190, 153, 153), 5),
    (14, "guard rail", 255, (180, 165, 180), 5),
    (15, "bridge", 255, (150, 100, 100), 5),
    (16, "tunnel", 255, (150, 120, 90), 5),
    (17, "pole", 5, (153, 153, 153), 0),
    (18, "polegroup", 255, (153, 153, 153), 0),
    (19, "traffic light", 6, (250, 170, 30), 0),
    (20, "traffic sign", 7, (220, 220, 0), 0),
    (21, "vegetation", 8, (107, 142, 35), 7),
    (22, "terrain", 9, (152, 251, 152), 0),
    (23, "sky", 10, (70, 130, 180), 6),
    (24, "person", 11, (220, 20, 60), 2),
    (25, "rider", 12, (255, 0, 0), 2),
    (26, "car", 13, (0, 0, 142), 1),
    (27, "truck", 14, (0, 0, 70), 1),
    (28, "bus", 15, (0, 60, 100), 1),
    (29, "caravan", 255, (0, 0, 90), 1),
    (30, "trailer", 255, (0, 0, 110), 1),
    (31, "train", 16, (0, 80, 100), 0),
    (32, "motorcycle", 17, (0, 0, 230), 3),
    (33, "bicycle", 18, (119, 11, 32), 3),
)
_PLATE = ("license plate", 255, (0, 0, 142), 1)

# CamVid's 32 classes: name, colour in the label images, Cityscapes id. The ids follow the customary
# 11-class reduction: lights count as signs, buses and trucks as cars, a bicyclist is one class.
_CAMVID = (
    ("Void", (0, 0, 0), 0),
    ("Animal", (64, 128, 64), 24),
    ("Archway", (192, 0, 128), 11),
    ("Bicyclist", (0, 128, 192), 25),
    ("Bridge", (0, 128, 64), 11),
    ("Building", (128, 0, 0), 11),
    ("Car", (64, 0, 128), 26),
    ("CartLuggagePram", (64, 0, 192), 24),
    ("Child", (192, 128, 64), 24),
    ("Column_Pole", (192, 192, 128), 17),
    ("Fence", (64, 64, 128), 13),
    ("LaneMkgsDriv", (128, 0, 192), 7),
    ("LaneMkgsNonDriv", (192, 0, 64), 7),
    ("Misc_Text", (128, 128, 64), 20),
    ("MotorcycleScooter", (192, 0, 192), 25),
    ("OtherMoving", (128, 64, 64), 26),
    ("ParkingBlock", (64, 192, 128), 8),
    ("Pedestrian", (64, 64, 0), 24),
    ("Road", (128, 64, 128), 7),
    ("RoadShoulder", (128, 128, 192), 8),
    ("Sidewalk", (0, 0, 192), 8),
    ("SignSymbol", (192, 128, 128), 20),
    ("Sky", (128, 128, 128), 23),
    ("SUVPickupTruck", (64, 128, 192), 26),
    ("TrafficCone", (0, 0, 64), 17),
    ("TrafficLight", (0, 64, 64), 20),
    ("Train", (192, 64, 128), 26),
    ("Tree", (128, 128, 0), 21),
    ("Truck_Bus", (192, 128, 192), 26),
    ("Tunnel", (64, 0, 64), 11),
    ("VegetationMisc", (192, 192, 0), 21),
    ("Wall", (64, 192, 0), 11),
)

# SYNTHIA-RAND-CITYSCAPES.
_SYNTHIA = (
    ("Void", (0, 0, 0), 0),
    ("Sky", (70, 130, 180), 23),
    ("Building", (70, 70, 70), 11),
    ("Road", (128, 64, 128), 7),
    ("Sidewalk", (244, 35, 232), 8),
    ("Fence", (64, 64, 128), 13),
    ("Vegetation", (107, 142, 35), 21),
    ("Pole", (153, 153, 153), 17),
    ("Car", (0, 0, 142), 26),
    ("Traffic sign", (220, 220, 0), 20),
    ("Pedestrian", (220, 20, 60), 24),
    ("Bicycle", (119, 11, 32), 33),
    ("Motorcycle", (0, 0, 230), 32),
    ("Parking-slot", (250, 170, 160), 9),
    ("Road-work", (128, 64, 64), 4),
    ("Traffic light", (250, 170, 30), 19),
    ("Terrain", (152, 251, 152), 22),
    ("Rider", (255, 0, 0), 25),
    ("Truck", (0, 0, 70), 27),
    ("Bus", (0, 60, 100), 28),
    ("Train", (0, 80, 100), 31),
    ("Wall", (102, 102, 156), 12),
    ("Lanemarking", (102, 102, 156), 7),
)

# Playing for Benchmarks; infrastructure is walls, poles and bridges in one.
_VIPER = (
    ("unlabeled", (0, 0, 0), 0),
    ("ambiguous", (111, 74, 0), 0),
    ("sky", (70, 130, 180), 23),
    ("road", (128, 64, 128), 7),
    ("sidewalk", (244, 35, 232), 8),
    ("railtrack", (230, 150, 140), 10),
    ("terrain", (152, 251, 152), 22),
    ("tree", (87, 182, 35), 21),
    ("vegetation", (35, 142, 35), 21),
    ("building", (70, 70, 70), 11),
    ("infrastructure", (153, 153, 153), 4),
    ("fence", (190, 153, 153), 13),
    ("billboard", (150, 20, 20), 4),
    ("trafficlight", (250, 170, 30), 19),
    ("trafficsign", (220, 220, 0), 20),
    ("mobilebarrier", (180, 180, 100), 4),
    ("firehydrant", (173, 153, 153), 4),
    ("chair", (168, 153, 153), 5),
    ("trash", (81, 0, 21), 5),
    ("trashcan", (81, 0, 81), 5),
    ("person", (220, 20, 60), 24),
    ("animal", (255, 0, 0), 5),
    ("bicycle", (119, 11, 32), 33),
    ("motorcycle", (0, 0, 230), 32),
    ("car", (0, 0, 142), 26),
    ("van", (0, 80, 100), 26),
    ("bus", (0, 60, 100), 28),
    ("truck", (0, 0, 70), 27),
    ("trailer", (0, 0, 90), 30),
    ("train", (0, 80, 100), 31),
    ("plane", (0, 100, 100), 5),
    ("boat", (50, 0, 90), 5),
)

# CARLA's tags from 0.9.14 on.
_CARLA = (
    ("Unlabeled", (0, 0, 0), 0),
    ("Roads", (128, 64, 128), 7),
    ("SideWalks", (244, 35, 232), 8),
    ("Building", (70, 70, 70), 11),
    ("Wall", (102, 102, 156), 12),
    ("Fence", (190, 153, 153), 13),
    ("Pole", (153, 153, 153), 17),
    ("TrafficLight", (250, 170, 30), 19),
    ("TrafficSign", (220, 220, 0), 20),
    ("Vegetation", (107, 142, 35), 21),
    ("Terrain", (152, 251, 152), 22),
    ("Sky", (70, 130, 180), 23),
    ("Pedestrian", (220, 20, 60), 24),
    ("Rider", (255, 0, 0), 25),
    ("Car", (0, 0, 142), 26),
    ("Truck", (0, 0, 70), 27),
    ("Bus", (0, 60, 100), 28),
    ("Train", (0, 80, 100), 31),
    ("Motorcycle", (0, 0, 230), 32),
    ("Bicycle", (119, 11, 32), 33),
    ("Static", (110, 190, 160), 4),
    ("Dynamic", (170, 120, 50), 5),
    ("Other", (55, 90, 80), 0),
    ("Water", (45, 60, 150), 4),
    ("RoadLine", (157, 234, 50), 7),
    ("Ground", (81, 0, 81), 6),
    ("Bridge", (150, 100, 100), 15),
    ("RailTrack", (230, 150, 140), 10),
    ("GuardRail", (180, 165, 180), 14),
    ("Rock", (180, 130, 70), 4),
)

# CARLA's tags up to 0.9.13: bicycles and riders are vehicles and pedestrians.
_CARLA_OLD = (
    ("Unlabeled", (0, 0, 0), 0),
    ("Building", (70, 70, 70), 11),
    ("Fence", (100, 40, 40), 13),
    ("Other", (55, 90, 80), 0),
    ("Pedestrian", (220, 20, 60), 24),
    ("Pole", (153, 153, 153), 17),
    ("RoadLine", (157, 234, 50), 7),
    ("Road", (128, 64, 128), 7),
    ("SideWalk", (244, 35, 232), 8),
    ("Vegetation", (107, 142, 35), 21),
    ("Vehicles", (0, 0, 142), 26),
    ("Wall", (102, 102, 156), 12),
    ("TrafficSign", (220, 220, 0), 20),
    ("Sky", (70, 130, 180), 23),
    ("Ground", (81, 0, 81), 6),
    ("Bridge", (150, 100, 100), 15),
    ("RailTrack", (230, 150, 140), 10),
    ("GuardRail", (180, 165, 180), 14),
    ("TrafficLight", (250, 170, 30), 19),
    ("Static", (110, 190, 160), 4),
    ("Dynamic", (170, 120, 50), 5),
    ("Water", (45, 60, 150), 4),
    ("Terrain", (145, 170, 100), 22),
)

# Virtual KITTI 2, whose label images are colours; the order is ours.
_VKITTI2 = (
    ("Undefined", (0, 0, 0), 0),
    ("Terrain", (210, 0, 200), 22),
    ("Sky", (90, 200, 255), 23),
    ("Tree", (0, 199, 0), 21),
    ("Vegetation", (90, 240, 0), 21),
    ("Building", (140, 140, 140), 11),
    ("Road", (100, 60, 100), 7),
    ("GuardRail", (250, 100, 255), 14),
    ("TrafficSign", (255, 255, 0), 20),
    ("TrafficLight", (200, 200, 0), 19),
    ("Pole", (255, 130, 0), 17),
    ("Misc", (80, 80, 80), 4),
    ("Truck", (160, 60, 60), 27),
    ("Car", (255, 127, 80), 26),
    ("Van", (0, 139, 139), 26),
)

# The eight groups that the released program of SG-GAN stores as `*_seg_class`, each as the class of
# Cityscapes that it mostly is.
_SGGAN_GROUPS = (
    ("others", (0, 0, 0), 0),
    ("vehicles", (0, 0, 142), 26),
    ("pedestrians", (220, 20, 60), 24),
    ("cyclist", (119, 11, 32), 33),
    ("roads", (128, 64, 128), 7),
    ("construction", (70, 70, 70), 11),
    ("sky", (70, 130, 180), 23),
    ("tree", (107, 142, 35), 21),
)

# Mapillary Vistas 1.2, 66 classes.
_MAPILLARY = (
    ("Bird", (165, 42, 42), 5),
    ("Ground Animal", (0, 192, 0), 5),
    ("Curb", (196, 196, 196), 8),
    ("Fence", (190, 153, 153), 13),
    ("Guard Rail", (180, 165, 180), 14),
    ("Barrier", (90, 120, 150), 13),
    ("Wall", (102, 102, 156), 12),
    ("Bike Lane", (128, 64, 255), 8),
    ("Crosswalk - Plain", (140, 140, 200), 7),
    ("Curb Cut", (170, 170, 170), 8),
    ("Parking", (250, 170, 160), 9),
    ("Pedestrian Area", (96, 96, 96), 8),
    ("Rail Track", (230, 150, 140), 10),
    ("Road", (128, 64, 128), 7),
    ("Service Lane", (110, 110, 110), 7),
    ("Sidewalk", (244, 35, 232), 8),
    ("Bridge", (150, 100, 100), 15),
    ("Building", (70, 70, 70), 11),
    ("Tunnel", (150, 120, 90), 16),
    ("Person", (220, 20, 60), 24),
    ("Bicyclist", (255, 0, 0), 25),
    ("Motorcyclist", (255, 0, 100), 25),
    ("Other Rider", (255, 0, 200), 25),
    ("Lane Marking - Crosswalk", (200, 128, 128), 7),
    ("Lane Marking - General", (255, 255, 255), 7),
    ("Mountain", (64, 170, 64), 4),
    ("Sand", (230, 160, 50), 22),
    ("Sky", (70, 130, 180), 23),
    ("Snow", (190, 255, 255), 22),
    ("Terrain", (152, 251, 152), 22),
    ("Vegetation", (107, 142, 35), 21),
    ("Water", (0, 170, 30), 4),
    ("Banner", (255, 255, 128), 4),
    ("Bench", (250, 0, 30), 4),
    ("Bike Rack", (100, 140, 180), 4),
    ("Billboard", (220, 220, 220), 4),
    ("Catch Basin", (220, 128, 128), 7),
    ("CCTV Camera", (222, 40, 40), 4),
    ("Fire Hydrant", (100, 170, 30), 4),
    ("Junction Box", (40, 40, 40), 4),
    ("Mailbox", (33, 33, 33), 4),
    ("Manhole", (100, 128, 160), 7),
    ("Phone Booth", (142, 0, 0), 4),
    ("Pothole", (70, 100, 150), 7),
    ("Street Light", (210, 170, 100), 4),
    ("Pole", (153, 153, 153), 17),
    ("Traffic Sign Frame", (128, 128, 128), 17),
    ("Utility Pole", (0, 0, 80), 17),
    ("Traffic Light", (250, 170, 30), 19),
    ("Traffic Sign (Back)", (192, 192, 192), 4),
    ("Traffic Sign (Front)", (220, 220, 0), 20),
    ("Trash Can", (140, 140, 20), 5),
    ("Bicycle", (119, 11, 32), 33),
    ("Boat", (150, 0, 255), 5),
    ("Bus", (0, 60, 100), 28),
    ("Car", (0, 0, 142), 26),
    ("Caravan", (0, 0, 90), 29),
    ("Motorcycle", (0, 0, 230), 32),
    ("On Rails", (0, 80, 100), 31),
    ("Other Vehicle", (128, 64, 64), 5),
    ("Trailer", (0, 0, 110), 30),
    ("Truck", (0, 0, 70), 27),
    ("Wheeled Slow", (0, 0, 192), 5),
    ("Car Mount", (32, 32, 32), 1),
    ("Ego Vehicle", (120, 10, 10), 1),
    ("Unlabeled", (0, 0, 0), 0),
)

_BY_ID = {row[0]: row for row in _CITYSCAPES}


def _mapped(name: str, rows: Sequence[tuple], in_red: bool = False) -> ClassTable:
    """Build the table of classes numbered from 0 that each are a class of Cityscapes."""
    return make_table(
        name,
        [
            (k, called, _BY_ID[i][2], colour, _BY_ID[i][4])
            for k, (called, colour, i) in enumerate(rows)
        ],
        PAPER_GROUPS,
        [row[2] for row in rows],
        in_red,
    )


def _train_ids() -> ClassTable:
    """Build the table of Cityscapes' train ids, 255 unlabeled."""
    scored = sorted((row for row in _CITYSCAPES if row[2] != IGNORE), key=lambda row: row[2])
    rows = [*((row[2], row[1], row[2], *row[3:]) for row in scored), (255, *_CITYSCAPES[0][1:])]
    return make_table("trainids", rows, PAPER_GROUPS, [*(row[0] for row in scored), 0])


CITYSCAPES = make_table("cityscapes", (*_CITYSCAPES, (-1, *_PLATE)), PAPER_GROUPS)
GTAV = make_table("gtav", (*_CITYSCAPES, (34, *_PLATE)), PAPER_GROUPS)
CAMVID = _mapped("camvid", _CAMVID)
TRAIN_IDS = _train_ids()

TABLES = {
    table.name: table
    for table in (
        CITYSCAPES,
        GTAV,
        TRAIN_IDS,
        CAMVID,
        _mapped("synthia", _SYNTHIA, in_red=True),
        _mapped("viper", _VIPER),
        _mapped("carla", _CARLA, in_red=True),
        _mapped("carla_0_9_13", _CARLA_OLD, in_red=True),
        _mapped("vkitti2", _VKITTI2),
        _mapped("sggan_groups", _SGGAN_GROUPS),
        _mapped("mapillary", _MAPILLARY),
    )
}
"""Every built-in table by its name. All but the first two are stored as Cityscapes ids."""
