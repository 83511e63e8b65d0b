"""Which kind is taken for which when a source errs."""

from collections.abc import Mapping

LOOK_ALIKES: Mapping[str, tuple[str, ...]] = {
    "artillery": ("explosion_undetermined", "drone_strike", "air_strike"),
    "small_arms": ("grenade", "explosion_undetermined"),
    "ground_attack": ("firefight", "small_arms"),
    "firefight": ("ground_attack", "small_arms"),
    "drone_strike": ("explosion_undetermined", "artillery"),
    "mine_or_ied": ("explosion_undetermined", "artillery"),
    "drone_overflight": ("air_raid_alert",),
    "heavy_weapons_present": ("armour_present", "troops_present"),
    "heavy_weapon_movement": ("troop_movement",),
}
"""What each kind is taken for when a source errs; a kind that is not here is never mistaken."""
