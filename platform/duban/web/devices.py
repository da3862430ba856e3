"""What a browser says of itself, in the two words a person knows the device by. Pure."""

SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
BROWSERS = (("MicroMessenger", "WeChat"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))


def device_words(agent: str) -> str:
    """Say system and browser: "Android · Chrome"; empty where neither is known."""
    found = (next((name for mark, name in known if mark in agent), "") for known in (SYSTEMS, BROWSERS))
    return " · ".join(word for word in found if word)
