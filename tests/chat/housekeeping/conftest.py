import pytest
from django.core.management import CommandError, call_command


@pytest.fixture
def run(capsys):
    """Runs a command of manage.py; returns what it printed."""

    def run_command(*arguments, **options):
        capsys.readouterr()
        call_command(*arguments, **options)
        return capsys.readouterr().out

    return run_command


@pytest.fixture
def refusal(run):
    """Runs a command that must refuse its input; returns the sentence."""

    def run_command(*arguments, **options):
        with pytest.raises(CommandError) as refused:
            run(*arguments, **options)
        assert refused.value.returncode == 2
        return str(refused.value)

    return run_command
