"""Recordings that the console has made, and their replays.

folder     the files of one folder, by ids that are looked up in it
sides      what was recorded, and what a replay has made of it, as the page shows both next to each other
replaying  a replay in a process of its own
"""
