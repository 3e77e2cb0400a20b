#!/usr/bin/env python3
"""The tables of docs/what-the-numbers-mean.md, from what `calibration --results DIR` wrote.

    benchmarks/calibration/edges_table.py DIR/calibration.tsv
"""

import csv
import sys

RATES = [("p_partial", 0.05), ("p_partial", 0.01), ("p_partial", 0.001), ("p_marginal", 0.05), ("p_fine", 0.05),
         ("p_both", 0.05)]  # fmt: skip
DISCOVERIES = [("q_both", "FDR"), ("q_both", "power"), ("q_both (shift)", "FDR"), ("p_partial alone", "FDR"),
               ("p_marginal alone", "FDR")]  # fmt: skip

# Of the further tables: heading, statistic, quantity, level, unit, digits.
TAILS = [("partial .0001", "p_partial", "rate", 1e-4, 1e-4, 2), ("marginal .0001", "p_marginal", "rate", 1e-4, 1e-4, 2),
         ("fine .01", "p_fine", "rate", 0.01, 0.01, 2), (".001", "p_fine", "rate", 0.001, 0.001, 2),
         (".0001", "p_fine", "rate", 1e-4, 1e-4, 2), ("both .01", "p_both", "rate", 0.01, 0.01, 2),
         (".001", "p_both", "rate", 0.001, 0.001, 2), (".0001", "p_both", "rate", 1e-4, 1e-4, 2),
         ("two-sided both .05", "p_both (two-sided)", "rate", 0.05, 0.05, 2),
         (".01", "p_both (two-sided)", "rate", 0.01, 0.01, 2), (".001", "p_both (two-sided)", "rate", 0.001, 0.001, 2),
         ("its FDR", "q_both (two-sided)", "FDR", 0.05, 1, 3), ("power", "q_both (two-sided)", "power", 0.05, 1, 3),
         ("negative .05", "p_both_negative", "rate", 0.05, 0.05, 2)]  # fmt: skip
SURROGATES = [("p_value .05", "p_value (surrogates)", "rate", 0.05, 0.05, 2),
              (".01", "p_value (surrogates)", "rate", 0.01, 0.01, 2),
              (".001", "p_value (surrogates)", "rate", 0.001, 0.001, 2),
              ("p_fwe .05", "p_fwe (surrogates)", "rate", 0.05, 1, 3),
              ("q_value: FDR", "q_value (surrogates)", "FDR", 0.05, 1, 3),
              ("power", "q_value (surrogates)", "power", 0.05, 1, 3)]  # fmt: skip


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
    for columns in [TAILS, SURROGATES]:
        print("\n| scenario | " + " | ".join(column[0] for column in columns) + " |")
        print("|" + "---|" * (1 + len(columns)))
        for name, rows in scenarios.items():
            numbers = [number(rows, *column[1:]) for column in columns]
            if any(numbers):
                print(f"| {name} | " + " | ".join(numbers) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
