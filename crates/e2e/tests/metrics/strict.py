"""Reads OpenMetrics from the standard input as strictly as the standard is, and prints the name and type of each family."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    print(family.name, family.type)
