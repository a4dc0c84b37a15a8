"""Who was told to come another time since this worker began, by reason."""

from collections import Counter

# A worker that holds as many as it may; an address that opens too many; a member who joins or says
# too much at once; a socket that sends too many frames.
REASONS = ("full", "address", "joins", "messages", "frames")

refusals: Counter[str] = Counter()
