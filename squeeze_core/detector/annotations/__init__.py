"""Annotated pictures as people's tools export them, checked before anything is learnt or scored.

`read_sets` finds the training and the validation set in a folder, `read` takes one set: COCO's JSON
(also Roboflow's, Label Studio's and CVAT's), YOLO's text files, PASCAL VOC's XML. Each format's module
lists what is there; `checking` finds everything that is wrong with it at once.
"""

from __future__ import annotations

from squeeze_core.detector.annotations.checking import Annotations, Example
from squeeze_core.detector.annotations.layouts import read, read_sets
from squeeze_core.detector.annotations.listing import AnnotationError

__all__ = ["AnnotationError", "Annotations", "Example", "read", "read_sets"]
