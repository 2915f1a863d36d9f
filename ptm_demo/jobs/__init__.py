"""Work that outlives a click: a durable queue, and one warm process that does what is queued.

Knows nothing of models or data: a job is a kind, a JSON payload, and a handler found by name.
"""

from ptm_demo.jobs.model import ENDED, RESUMABLE, Event, Job, JobContext, JobState
from ptm_demo.jobs.service import Jobs

__all__ = ["ENDED", "RESUMABLE", "Event", "Job", "JobContext", "JobState", "Jobs"]
