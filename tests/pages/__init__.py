"""Tests of the pages. Those of the explorer's language run in Node and are skipped where there is none."""
