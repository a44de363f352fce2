"""The learned list scheduler: a small network scores ready tasks on free elements, or waits."""
