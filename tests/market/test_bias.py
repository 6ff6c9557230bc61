"""How much estimators of bars understate when trades are few: known numbers, by simulation."""

import estimates

# Estimate by true variance; trades in a bar -> estimator -> ratio.
EXPECTED = {
    "close_to_close": {2: 1.00, 5: 1.00, 20: 1.01, 100: 0.98, 1000: 1.00},
    "parkinson": {2: 0.18, 5: 0.43, 20: 0.70, 100: 0.86, 1000: 0.96},
    "garman_klass": {2: 0.06, 5: 0.29, 20: 0.61, 100: 0.81, 1000: 0.94},
    "rogers_satchell": {2: 0.00, 5: 0.26, 20: 0.60, 100: 0.82, 1000: 0.94},
    "yang_zhang": {2: 0.57, 5: 0.54, 20: 0.70, 100: 0.85, 1000: 0.95},
}


def test_discrete_trades_bias_estimators_as_known():
    wrong, seen = [], 0
    for line in estimates.run("bias", 100_000, 7).splitlines():
        trades, estimator, ratio = line.split()
        seen += 1
        if abs(float(ratio) - EXPECTED[estimator][int(trades)]) > 0.03:
            wrong.append(line)
    assert not wrong
    assert seen == 25
