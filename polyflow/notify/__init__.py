"""Notifiers: what the components `notify/webhook`, `notify/slack` and `notify/email` run.

`notice.py` is what is told, `forms.py` how it is written (both pure), `target.py` where it goes, `post.py`
and `mail.py` send it.  Standard library only.
"""
