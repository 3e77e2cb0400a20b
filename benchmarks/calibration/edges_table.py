#!/usr/bin/env python3
"""The table of docs/what-the-numbers-mean.md, from what `calibration --results DIR` wrote.

    benchmarks/calibration/edges_table.py DIR/calibration.tsv
"""

import csv
import sys

RATES = [("p_partial", 0.05), ("p_partial", 0.01), ("p_partial", 0.001), ("p_marginal", 0.05), ("p_fine", 0.05),
         ("p_both", 0.05)]  # fmt: skip
DISCOVERIES = [("q_both", "FDR"), ("q_both", "power"), ("q_both (shift)", "FDR"), ("p_partial alone", "FDR"),
               ("p_marginal alone", "FDR")]  # fmt: skip


def number(rows, statistic, quantity, level, unit, digits):
    row = rows.get((statistic, quantity, level))
    value = float(row["estimate"]) / unit if row else float("nan")
    return "" if value != value else f"{value:.{digits}f}"


def main(path):
    scenarios = {}
    with open(path) as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["family"] == "edges":
                key = (row["statistic"], row["quantity"], float(row["level"]))
                scenarios.setdefault(row["scenario"], {})[key] = row
    print("| scenario | data sets | partial .05 | .01 | .001 | marginal .05 | fine .05 | both .05 | Holm .05 "
          "| FDR | power | shift: FDR | partial alone: FDR | marginal alone: FDR |")  # fmt: skip
    print("|" + "---|" * 14)
    for name, rows in scenarios.items():
        sets = rows["q_both", "FDR", 0.05]["data_sets"]
        rates = [number(rows, statistic, "rate", level, level, 2) for statistic, level in RATES]
        holm = number(rows, "p_holm", "rate", 0.05, 1, 3)
        found = [number(rows, statistic, quantity, 0.05, 1, 3) for statistic, quantity in DISCOVERIES]
        print(f"| {name} | {sets} | " + " | ".join(rates + [holm] + found) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
