"""`make status`: what runs, and whether each worker takes connections."""

import sys

from deploy.place import read, say, told
from deploy.running import addresses, connect, missing


def main() -> None:
    """Says it; ends with 1 unless every worker is ready."""
    place = read(told())
    processes = connect(place).getAllProcessInfo()
    asked = {
        f"worker_{number}": (address, missing(address))
        for number, address in enumerate(addresses(place), start=1)
    }
    for each in processes:
        words = [each["description"]] if each["description"] else []
        if each["name"] in asked:
            address, why = asked[each["name"]]
            words.append(f"{address} {', '.join(why) or 'ready'}")
        say(f"{each['name']:<10} {each['statename']:<9} {'; '.join(words)}")
    sys.exit(1 if any(why for _, why in asked.values()) else 0)


if __name__ == "__main__":
    main()
