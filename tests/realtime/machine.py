"""An event loop with its own clock, for tests of the scheduler."""

from realtime.scheduler import DeadlineScheduler


class Machine:
    """Runs the timers of a scheduler. Only waiting for a timer, and work, move its clock."""

    def __init__(self, now=0.0):
        self.now = now
        self.timers = []
        self.delays = []
        self.scheduler = DeadlineScheduler(lambda: self.now, self.call_later)

    def call_later(self, seconds, call):
        self.timers.append(Timer(self, self.now + seconds, call))
        self.delays.append(round(seconds, 6))
        return self.timers[-1]

    def run_next(self, late=0.0):
        """Moves the clock to the next timer, or `late` seconds after it, and runs the timer."""
        (timer,) = self.timers
        self.timers.clear()
        self.now = max(self.now, timer.deadline) + late
        timer.call()

    def run(self, until):
        """Runs the timers up to a moment."""
        while self.timers and self.timers[0].deadline <= until:
            self.run_next()


class Timer:
    def __init__(self, machine, deadline, call):
        self.machine = machine
        self.deadline = deadline
        self.call = call

    def cancel(self):
        self.machine.timers.remove(self)
