import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def pytest_runtest_logreport(report):
    """A failure says so at once, not at the end of all tests."""
    if report.failed:
        print(f"\n{report.nodeid}: {str(report.longrepr.reprcrash.message if hasattr(report.longrepr, 'reprcrash') else '')[:1500]}",
              file=sys.__stderr__, flush=True)
