"""A small model hub on this machine for tests: what the real client asks for a model and its files, and every way to fail.

    with HubServer({"org/name": repo_of(folder)}) as hub:
        HuggingFaceHub(Settings(home=…, hub_endpoint=hub.url)).pull("org/name")
        hub.fault = Fault("silent", match="/resolve/")
        hub.requests            # what was asked, as "GET /path"

It speaks GET /api/models/{id}, /api/models/{id}/revision/{rev}, and HEAD and GET /{id}/resolve/{rev}/{file}, with ETag,
X-Repo-Commit, Range, Git LFS hashes, and errors by X-Error-Code. Standard library only.
"""

from tests.hubserver.server import Fault, HubServer, Repo, repo_of

__all__ = ["Fault", "HubServer", "Repo", "repo_of"]
