"""Completing and verifying an export that is finished already."""
