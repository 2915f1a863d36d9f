"""Pretrained Model Studio: `python app.py` opens the page. Settings → services → page → launch, and nothing else."""

from ptm_demo.settings import Settings, prepare_process

if __name__ == "__main__":
    prepare_process()

    from ptm_demo.ui.app import launch

    launch(Settings.from_env())
