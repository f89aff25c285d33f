"""Golden values of the bank of drafts, from implementations that are not ours.

    python3 tests/core/golden/make_bank_golden.py        (writes bank_golden.h next to itself, ~2 minutes)

Needs numpy, statsmodels and Rscript. Run with Python 3.11.2, numpy 2.4.6, statsmodels 0.15.0 and R 4.2.2;
run again where a constant of core/bank*.c changes on purpose, after the same change here.

Whose numbers they are: exponential smoothing and Winters are R's HoltWinters with fixed constants and start,
autoregressions R's ar.yw with its AIC, lines R's lm, the damped trend statsmodels' Holt, the linear
systems numpy's solve; the rest is written out value by value from core/bank.h and the comments of core/bank*.c,
with none of its tricks (no running sums, no lanes, no Gram of a Hankel matrix, no single precision). Grids are
searched here with the library's own one-step errors.
"""
import csv
import math
import os
import random
import statistics
import subprocess

import numpy as np
from statsmodels.tsa.holtwinters import Holt

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "..", "deploy", "sample")

# The constants of core/bank*.c.
RECENT, LEADS_DIRECT = 600, 96
SES_ALPHA = (.05, .15, .3, .5, .7, .95)
HOLT_ALPHA, HOLT_BETA, HOLT_PHI = (.1, .35, .8), (.05, .25), (.85, .97)
WINTERS_ALPHA, WINTERS_GAMMA = (.05, .2, .5), (.08, .3)
SAR_ROWS, SAR_RIDGE, SAR_FEW = 700, .003, .2
DIRECT_MAX, DIRECT_KEEP, DIRECT_RIDGE = 96, 1400, .03
POOL_ROWS, POOL_RIDGE, POOL_FEW, POOL_STRETCHES = 300, .004, 25, 8
ANALOGS, ANALOG_SHARE = (24, 12), (1.6, 2.5)  # short window, long window
MEDIANS, MEDIANS_LONG = (16, 8), (48, 24)  # phases of seasonal_median: without a season, with one
FENCE = 3 * 1.4826
ROOM = 10

ORDER = """naive seasonal_naive two_seasons_back three_seasons_back four_seasons_back recent_profile
seasonal_naive_growth seasonal_drift seasonal_median long_season_naive long_season_adjusted long_season_mean
long_season_reversion long_season_ses ses damped_holt theta recent_trend long_trend mean last_season_mean
recent_median ar1 ar long_season_ar ari seasonal_ar ridge analog analog_long winters log_ses log_theta log_holt
log_trend log_seasonal_ar pooled_regression log_pooled_regression long_seasonal_median
calm_ses calm_theta calm_ar""".split()


# ---- other people's implementations ----

def r_numbers(code, **vectors):
    text = "suppressWarnings({\n" + "".join(
        f"{name} <- c({','.join(repr(float(x)) for x in values)})\n" for name, values in vectors.items())
    text += code + "\n})\ncat(sprintf('%.17g', out), sep='\\n')"
    done = subprocess.run(["Rscript", "--vanilla", "-"], input=text, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def ses(d):
    """(alpha, level): R skips the first value, where it puts the start; ours is the mean of the first four."""
    start = statistics.fmean(d[:4])
    out = r_numbers("""
      out <- NULL
      for (a in alphas) {
        fit <- HoltWinters(ts(c(start, d)), alpha=a, beta=FALSE, gamma=FALSE, l.start=start)
        out <- c(out, sum(abs(d - fit$fitted[, "level"])), coef(fit)[["a"]])
      }""", d=d, start=[start], alphas=SES_ALPHA) if len(d) > 1 else [0, d[0]] * len(SES_ALPHA)
    best = min(range(len(SES_ALPHA)), key=lambda i: out[2 * i])
    return SES_ALPHA[best], out[2 * best + 1]


def line(d, h_n):
    """R's lm at times 1..n: (fit at n+1.., slope)."""
    out = r_numbers("t <- seq_along(d); fit <- lm(d ~ t); "
                    "out <- c(coef(fit)[[2]], predict(fit, data.frame(t = length(d) + seq_len(h))))",
                    d=d, h=[h_n])
    return out[1:], out[0]


def theta(d, h_n):
    """Hyndman and Billah (2003), eq. 3 and 5: SES with drift of half the slope."""
    alpha, level = ses(d)
    slope, n = line(d, 1)[1], len(d)
    return [level + slope / 2 * (h - 1 + 1 / alpha - (1 - alpha) ** n / alpha) for h in range(1, h_n + 1)]


def holt(d, h_n):
    k = min(len(d), 5)
    trend, best, out = (d[k - 1] - d[0]) / (k - 1), math.inf, None
    for alpha in HOLT_ALPHA:
        for beta in HOLT_BETA:
            for phi in HOLT_PHI:
                fit = Holt(np.array(d[1:]), damped_trend=True, initialization_method="known",
                           initial_level=d[0], initial_trend=trend).fit(
                    smoothing_level=alpha, smoothing_trend=beta, damping_trend=phi, optimized=False)
                error = sum(abs(a - b) for a, b in zip(d[1:], fit.fittedvalues))
                if error < best:
                    best, out = error, list(fit.forecast(h_n))
    return out


def ar(d, order_max, difference, h_n):
    x = [b - a for a, b in zip(d, d[1:])] if difference else list(d)
    if len(x) < 4:
        return [d[-1] if difference else statistics.fmean(d)] * h_n
    out = r_numbers("""
      one <- ar.yw(x, aic=TRUE, order.max=most, demean=flag == 0)
      out <- as.numeric(predict(one, n.ahead=h)$pred)""",
                    x=x, most=[min(order_max, len(x) // 4)], flag=[int(difference)], h=[h_n])
    return list(np.cumsum(out) + d[-1]) if difference else out


def winters(v, m, index, h_n):
    """index[0] belongs to the value after the last one. R skips a first season, here of zeros. Without a season
    its one phase moves with the level: together they are smoothed by a + g (1 - a)."""
    n = min(len(v), max(RECENT, 6 * m))
    v = v[-n:]
    start = [index[(t - n) % m] for t in range(m)]
    if m == 1:
        out = r_numbers("""
          out <- NULL
          for (a in alphas) for (g in gammas) {
            fit <- HoltWinters(ts(c(v[1], v)), alpha=a + g * (1 - a), beta=FALSE, gamma=FALSE, l.start=v[1])
            out <- c(out, sum(abs(v - fit$fitted[, "level"])), rep(coef(fit)[["a"]], h))
          }""", v=v, alphas=WINTERS_ALPHA, gammas=WINTERS_GAMMA, h=[h_n])
    else:
        out = r_numbers("""
          out <- NULL
          for (a in alphas) for (g in gammas) {
            fit <- HoltWinters(ts(c(rep(0, m), v), frequency=m), alpha=a, beta=FALSE, gamma=g,
                               l.start=v[1] - start[1], s.start=start)
            out <- c(out, sum(abs(v - fit$fitted[, "xhat"])), as.numeric(predict(fit, h)))
          }""", v=v, start=start, alphas=WINTERS_ALPHA, gammas=WINTERS_GAMMA, m=[m], h=[h_n])
    rows = [out[i * (h_n + 1):(i + 1) * (h_n + 1)] for i in range(6)]
    return min(rows, key=lambda r: r[0])[1:]


# ---- seasonal index ----

def centred(v, m):
    """{t: v[t] - centred moving average of one period (2 x m where m is even)}"""
    out = {}
    for t in range(m // 2, len(v) - m // 2):
        around = list(v[t - m // 2:t + m // 2 + 1])
        if m % 2 == 0:
            around[0] /= 2
            around[-1] /= 2
        out[t] = v[t] - math.fsum(around) / m
    return out


def index_of(v, m):
    """Index by phase (phase 0: the next value), shrunk by how much of it could be chance."""
    n = len(v)
    if n < 2 * m + 1:
        level = statistics.fmean(v[-m:])
        return [.5 * (v[n - m + p] - level) for p in range(m)]
    d = centred(v, m)
    raw = [statistics.fmean([x for t, x in d.items() if (t - n) % m == p]) for p in range(m)]
    within = math.fsum((x - raw[(t - n) % m]) ** 2 for t, x in d.items())
    level = statistics.fmean(raw)
    raw = [x - level for x in raw]
    between = statistics.fmean([x * x for x in raw])
    keep = .7
    if len(d) >= m + 3:
        noise = within / (len(d) - m) / (len(d) / m)
        keep = min(1, max(0, 1 - noise / between)) if between > 0 else 0
    return [keep * x for x in raw]


def plain_of(v, m):
    """(newest values without the season, index)."""
    newest = v[-max(RECENT, 6 * m):]
    index = index_of(newest, m) if m >= 2 and len(newest) >= m else [0.0]
    newest = v[-RECENT:]
    return [x - index[(i - len(newest)) % len(index)] for i, x in enumerate(newest)], index


def plain_long_of(v, m, m2, plain, index):
    if not m2:
        return plain, [0.0]
    n = len(v)
    index2 = index_of([x - index[(i - n) % len(index)] for i, x in enumerate(v)], m2)
    if m2 >= 100 and m2 // m >= 20:
        reach = m2 // 36
        index2 = [statistics.fmean([index2[(p + k) % m2] for k in range(-reach, reach + 1)]) for p in range(m2)]
    return [x - index2[(i - len(plain)) % m2] for i, x in enumerate(plain)], index2


# ---- the rest ----

def ago(v, m, k, j):
    k = max(min(k, len(v) // m), 1)
    return v[len(v) - k * m + j % m]


def season_mean(v, m, k):
    return statistics.fmean(v[len(v) - k * m:len(v) - (k - 1) * m])


def seasonal(v, m, plain, h_n):
    leads, out = range(h_n), {}
    out["naive"] = [v[-1]] * h_n
    for k, name in enumerate(ORDER[1:5]):
        out[name] = [ago(v, m, k + 1, j) for j in leads]
    seasons = max(min(4, len(v) // m), 1)
    now = season_mean(v, m, 1)
    out["recent_profile"] = [
        now + statistics.fmean([ago(v, m, k, j) - season_mean(v, m, k) for k in range(1, seasons + 1)])
        for j in leads]
    before = season_mean(v, m, 2) if len(v) >= 2 * m else now
    ratio = min(2, max(.5, now / before)) if before > 0 and now > 0 else 1
    out["seasonal_naive_growth"] = [ago(v, m, 1, j) * ratio ** min(j // m + 1, 3) for j in leads]
    out["seasonal_drift"] = [ago(v, m, 1, j) + .5 * (now - before) * (j // m + 1) for j in leads]
    for name, most in {"seasonal_median": MEDIANS, "long_seasonal_median": MEDIANS_LONG}.items():
        seasons = range(1, max(min(most[m > 1], len(v) // m), 1) + 1)
        out[name] = [statistics.median([ago(v, m, k, j) for k in seasons]) for j in leads]
    newest = plain[-min(max(m, 12), 64):]
    out["recent_median"] = [statistics.median(newest)] * h_n
    return out


def seasonal_long(v, m, m2, out, h_n):
    if not m2:
        return {"long_season_naive": out["recent_profile"], "long_season_adjusted": out["recent_profile"],
                "long_season_mean": out["seasonal_median"]}
    n = len(v)
    span = min(max(m, 7), n - m2)
    rise = statistics.fmean(v[n - span:]) - statistics.fmean(v[n - m2 - span:n - m2])
    seasons = min(n // m2, 8)
    return {"long_season_naive": [ago(v, m2, 1, j) for j in range(h_n)],
            "long_season_adjusted": [ago(v, m2, 1, j) + rise for j in range(h_n)],
            "long_season_mean": [statistics.fmean([ago(v, m2, k, j) for k in range(1, seasons + 1)])
                                 for j in range(h_n)]}


def ar1(d, h_n):
    mean = statistics.fmean(d)
    square = math.fsum((x - mean) ** 2 for x in d)
    product = math.fsum((a - mean) * (b - mean) for a, b in zip(d, d[1:]))
    phi = min(1, max(0, product / square)) if square > 0 else 0
    return [mean + phi ** h * (d[-1] - mean) for h in range(1, h_n + 1)]


def seasonal_ar(v, m, m2, h_n):
    n, mean = len(v), statistics.fmean(v)
    wish = [1, 2, 3, 4]
    wish += [m, m + 1, m - 1, 2 * m, 3 * m, 2 * m + 1] if m > 1 else []
    wish += [m2, m2 + 1, m2 - 1, 2 * m2] if m2 else []
    lags = [lag for lag in dict.fromkeys(wish) if 0 < lag <= n * 3 // 5][:16]
    if n < 8 or not lags:
        return [v[n - min(m, n) + j % min(m, n)] for j in range(h_n)]
    rows = range(max(max(lags), n - SAR_ROWS), n)
    x = np.array([[v[t - lag] - mean for lag in lags] for t in rows])
    y = np.array([v[t] - mean for t in rows])
    gram, k = x.T @ x, len(lags)
    weight = np.trace(gram) / k * (SAR_RIDGE + SAR_FEW * (k / (len(y) + 1)) ** 2)
    coef = np.linalg.solve(gram + weight * np.eye(k), x.T @ y)
    width, path = max(v) - min(v), list(v)
    for j in range(h_n):
        ahead = mean + math.fsum(c * (path[n + j - lag] - mean) for c, lag in zip(coef, lags))
        path.append(min(max(v) + 2 * width, max(min(v) - 2 * width, ahead)))
    return path[n:]


def ridge(v, m, h_n, instead):
    """Multi-output ridge of ridge.h: changes against a season ago on centred windows."""
    n, direct = len(v), min(h_n, LEADS_DIRECT)
    fits = [k * m if m > 1 else 4 * k for k in (7, 4, 3, 2, 1)]
    fits = [L for L in fits if L <= DIRECT_MAX and n >= 2 * L + direct + 1]
    if not fits:
        return instead
    L, kept = fits[0], v[-max(DIRECT_KEEP, 8 * m):]
    origins = range(L, len(kept) - direct + 1)
    x = np.array([[a - statistics.fmean(kept[o - L:o]) for a in kept[o - L:o]] for o in origins])
    y = np.array([[kept[o + j] - kept[o - m + j % m] for j in range(direct)] for o in origins])
    # centring each target over the window's lags changes nothing: x sums to zero along them
    s = x.T @ x
    coef = np.linalg.solve(s + DIRECT_RIDGE * np.trace(s) / L * np.eye(L), x.T @ y)
    now = np.array(v[-L:]) - statistics.fmean(v[-L:])
    return [v[n - m + j % m] + float(now @ coef[:, j]) for j in range(direct)] + instead[direct:]


def summaries(v, t, m, m2, lead):
    """(level, what is known at origin t about a lead, relative to it)"""
    span, mean = m if m > 1 else 6, statistics.fmean
    most, phase = 5 if m > 1 else 12, t - m + (lead - 1) % m
    level = mean(v[max(t - span, 0):t])
    ago_2 = v[t - m2 + (lead - 1) % m2] if m2 else level
    known = [v[t - 1], mean(v[max(t - 3, 0):t]), mean(v[max(t - (max(m // 4, 2) if m > 1 else 12), 0):t]),
             v[phase], v[phase - m], mean([v[t - k * m + (lead - 1) % m] for k in range(1, min(t // m, most) + 1)]),
             mean(v[max(phase - 2, 0):min(phase + 3, t)]), v[t - m - (1 if m > 1 else 0)]]
    known = [x - level for x in known]
    known += [level - mean(v[max(t - 2 * span, 0):t - min(span, t - 1)]), mean(v[:t]) - level, ago_2 - level,
              v[t - m2 - 1] - level if m2 else 0,
              mean([v[t - 1 - k * m] for k in range(1, min((t - 1) // m, most) + 1)]) - level, v[t - 2] - level,
              (v[t - 2 * m2 + (lead - 1) % m2] if m2 and t > 2 * m2 else ago_2) - level]
    return level, known


def pooled(v, m, m2, h_n, instead):
    """One ridge regression on the summaries for leads 1, 2, 3-4, 5-8, ...; in between both neighbours."""
    n = len(v)
    m2 = m2 if m2 > m and n > 3 * m2 // 2 + h_n else 0
    first, fits, low, high = max(2 * m + 1, 6, m2 + 1 if m2 else 0), [], 1, 1
    while low <= h_n and len(fits) < POOL_STRETCHES and n > first + low:
        x, y, lead = [], [], low
        stride = (n - low + 1 - first) // POOL_ROWS + 1
        while math.gcd(stride, m) > 1:  # every phase comes by
            stride += 1
        for t in range(first, n - low + 1, stride):
            lead = low if lead + 1 > high or t + lead + 1 > n else lead + 1
            level, known = summaries(v, t, m, m2, lead)
            x.append(known)
            y.append(v[t + lead - 1] - level)
        if len(y) < 8:
            break
        x = np.array(x)
        gram, k = x.T @ x, x.shape[1]
        weight = np.trace(gram) / k * (POOL_RIDGE + POOL_FEW / (len(y) + 1))
        fits.append(np.linalg.solve(gram + weight * np.eye(k), x.T @ np.array(y)))
        low, high = high + 1, high * 2
    if not fits or n < max(2 * m + 1, 6):
        return instead
    out = []
    for lead in range(1, h_n + 1):
        place = math.log2(lead)  # the middles of the stretches, 1, 2, 3.5, 6.5, ..., lie at about 0, 1, 2, ...
        place = min(place + .3 * min(max(place - 1, 0) / .8, 1), len(fits) - 1)
        below = int(place)
        coef = fits[below] + (place - below) * (fits[min(below + 1, len(fits) - 1)] - fits[below])
        level, known = summaries(v, n, m, m2, lead)
        out.append(level + float(coef @ np.array(known)))
    return out


def analog(v, m, L, which, h_n, instead):
    """Median of what followed the nearest windows of L values; which 1: the long ones."""
    n = len(v)
    L = min(L, n // 4)
    last = n - max(min(h_n, LEADS_DIRECT, n // 3), 1)
    if L < 3 or last < L + 4:
        return instead
    level = {t: statistics.fmean(v[t - L:t]) for t in list(range(L, last + 1)) + [n]}
    distance = {t: math.fsum(((v[n - L + i] - level[n]) - (v[t - L + i] - level[t])) ** 2 for i in range(L))
                for t in range(L, last + 1)}
    wanted = int(min(ANALOGS[which], max(2, math.sqrt(last - L) / ANALOG_SHARE[which])))
    ends = []
    for t in sorted(distance, key=lambda t: (distance[t], t)):
        if len(ends) < wanted and all(abs(t - other) > max(L // 6, 1) for other in ends):
            ends.append(t)
    return [statistics.median([v[t + j] + level[n] - level[t] if t + j < n else v[n - m + j % m] for t in ends])
            for j in range(h_n)]


def calm(v, plain, index, h_n, out):
    """Winsor: what the season leaves is drawn in to three robust deviations around its median."""
    middle, m = statistics.median(plain), len(index)
    fence = FENCE * statistics.median([abs(x - middle) for x in plain])
    inside = [min(middle + fence, max(middle - fence, x)) for x in plain]
    if fence == 0 or inside == plain:
        return {"calm_" + name: out[name] for name in ("ses", "theta", "ar")}
    d, index = plain_of([x + b - a for x, a, b in zip(v[-len(plain):], plain, inside)], m)
    return {"calm_ses": add([ses(d)[1]] * h_n, index), "calm_theta": add(theta(d, h_n), index),
            "calm_ar": add(ar(d, min(30, m + 2), False, h_n), index)}


def levels(d, m, h_n):
    n = len(d)
    last = min(n, m if m > 1 else 6)
    return {"ses": [ses(d)[1]] * h_n, "damped_holt": holt(d, h_n), "theta": theta(d, h_n),
            "recent_trend": line(d[-max(2 * m, 10):], h_n)[0], "long_trend": line(d, h_n)[0],
            "mean": [statistics.fmean(d)] * h_n, "last_season_mean": [statistics.fmean(d[-last:])] * h_n,
            "ar1": ar1(d, h_n), "ar": ar(d, min(30, m + 2), False, h_n), "ari": ar(d, 8, True, h_n)}


def logs(v, m, m2, h_n, out):
    names = {"log_ses": "ses", "log_theta": "theta", "log_holt": "damped_holt", "log_trend": "long_trend",
             "log_seasonal_ar": "seasonal_ar", "log_pooled_regression": "pooled_regression"}
    mean = statistics.fmean(v)
    if min(v) < 0 or mean <= 0:
        return {name: out[other] for name, other in names.items()}
    lift = 0 if min(v) > .02 * mean else .1 * mean
    log_v = [math.log(x + lift) for x in v]
    d, index = plain_of(log_v, m)
    path = {"log_ses": [ses(d)[1]] * h_n, "log_theta": theta(d, h_n), "log_holt": holt(d, h_n),
            "log_trend": line(d, h_n)[0]}
    path = {name: add(x, index) for name, x in path.items()}
    path["log_seasonal_ar"] = seasonal_ar(log_v, m, m2, h_n)
    path["log_pooled_regression"] = pooled(log_v, m, m2, h_n, None)
    if path["log_pooled_regression"] is None:
        del path["log_pooled_regression"]
    kept = {name: out[names[name]] for name in names if name not in path}
    return kept | {name: [math.exp(min(600, max(-600, y))) - lift for y in x] for name, x in path.items()}


def add(path, index):
    return [x + index[j % len(index)] for j, x in enumerate(path)]


def bank(v, m, m2, h_n):
    n = len(v)
    m = 1 if n < m + 1 else m
    m2 = 0 if m2 <= m or n < m2 + max(m2 // 6, 4) else m2
    plain, index = plain_of(v, m)
    plain2, index2 = plain_long_of(v, m, m2, plain, index)
    out = seasonal(v, m, plain, h_n)
    out["recent_median"] = add(out["recent_median"], index)
    out |= seasonal_long(v, m, m2, out, h_n)
    out |= {name: add(path, index) for name, path in levels(plain, len(index), h_n).items()}
    for name, path in {"long_season_ses": [ses(plain2)[1]] * h_n, "long_season_reversion": ar1(plain2, h_n),
                       "long_season_ar": ar(plain2, 10, False, h_n)}.items():
        out[name] = add(add(path, index), index2)
    out["seasonal_ar"] = seasonal_ar(v, m, m2, h_n)
    out["ridge"] = ridge(v, m, h_n, out["seasonal_ar"])
    out["pooled_regression"] = pooled(v, m, m2, h_n, out["recent_profile"])
    out["analog"] = analog(v, m, min(24, max(4, m // 2)) if m > 1 else 6, 0, h_n, out["seasonal_ar"])
    out["analog_long"] = analog(v, m, min(2 * m, 336) if m > 1 else 20, 1, h_n, out["recent_profile"])
    out["winters"] = winters(v, len(index), index, h_n)
    out |= calm(v, plain, index, h_n, out)
    out |= logs(v, m, m2, h_n, out)
    low, high = min(v), max(v)
    room = ROOM * (high - low)
    return [[min(high + room, max(low - room, x)) for x in out[name]] for name in ORDER]


# ---- histories ----

def sample(name, start, n):
    with open(os.path.join(SAMPLES, name), newline="", encoding="utf-8") as file:
        return [float(row["value"]) for row in csv.DictReader(file)][start:start + n]


def made(seed, n, of):
    rng, state = random.Random(seed), 0.0
    out = []
    for t in range(n):
        state = .7 * state + rng.gauss(0, 1)
        out.append(round(of(t, state), 3))
    return out


def wave(t, m, a, b):
    return a * math.sin(2 * math.pi * t / m) + b * math.cos(4 * math.pi * t / m)


# name, values, season, longer season, horizon, leads kept
CASES = [
    ("monthly", made(1, 90, lambda t, e: -3 + .05 * t + wave(t, 12, 4, 2) + e), 12, 0, 18, range(1, 19)),
    ("hourly", sample("office.temperature.csv", 300, 500), 24, 168, 110,
     [1, 2, 3, 12, 23, 24, 25, 48, 72, 95, 96, 97, 98, 110]),
    ("yearly", made(3, 30, lambda t, e: 200 + 3.5 * t + 6 * e), 1, 0, 6, range(1, 7)),
    ("daily", made(4, 200, lambda t, e: 50 + .02 * t + wave(t, 7, 9, 3) + 2 * e), 7, 0, 14, range(1, 15)),
    ("multiplicative", made(5, 75, lambda t, e: 100 * math.exp(.012 * t + wave(t, 12, .3, .1) + .04 * e)), 12, 0,
     15, range(1, 16)),
    # grows more than twofold a season, from next to nothing; a longer season that just does not fit
    ("steep", made(6, 50, lambda t, e: math.exp(.2 * t + .3 * math.sin(math.pi * t / 2) + .1 * e)), 4, 44, 10,
     range(1, 11)),
    ("short", [3.1, 4.7, 2.2, 5.9, 3.6, 5.2, 2.4, 6.3, 4.1], 4, 0, 6, range(1, 7)),
    ("one season and a bit", [12.0, 15.5, 11.2, 10.8, 13.9, 19.1, 17.3, 12.9, 15.1, 12.2, 11.9], 7, 0, 9,
     range(1, 10)),
    ("counts with zeros", sample("store.purchases.csv", 0, 240), 24, 0, 26, [1, 2, 3, 6, 12, 24, 25, 26]),
    ("weekly", sample("us.gasoline.csv", 0, 330), 52, 0, 20, [1, 2, 3, 5, 8, 13, 20]),
    ("days of two years", made(9, 745, lambda t, e: 80 + wave(t, 7, 6, 1) + wave(t, 365, 20, 4) + 3 * e), 7, 365,
     30, [1, 2, 3, 7, 8, 14, 29, 30]),
    ("spikes", made(12, 160, lambda t, e: 20 + wave(t, 12, 3, 1) + .5 * e + 40 * (t % 23 == 5) - 30 * (t == 155)), 12,
     0, 14, range(1, 15)),
]


def numbers(values, form="%.12g"):
    text, lines = "", []
    for word in (form % x for x in values):
        if len(text) + len(word) > 92:
            lines, text = lines + [text], ""
        text += word + ", "
    return "\n".join("    " + x.rstrip() for x in lines + [text])


def main():
    out = ["/* Made by make_bank_golden.py from other implementations of the drafts: do not edit. */"]
    table = []
    for i, (name, v, m, m2, h_n, leads) in enumerate(CASES):
        rows = bank(v, m, m2, h_n)
        assert all(math.isfinite(x) for row in rows for x in row)
        out += [f"static const double golden_v{i}[] = {{ /* {name} */", numbers(v), "};",
                f"static const size_t golden_lead{i}[] = {{", numbers(leads, "%d"), "};",
                f"static const double golden_out{i}[] = {{"]
        for draft, row in zip(ORDER, rows):
            out += [f"    /* {draft} */", numbers([row[lead - 1] for lead in leads])]
        out += ["};"]
        table.append(f'    {{"{name}", golden_v{i}, {len(v)}, {m}, {m2}, {h_n},\n'
                     f"     golden_lead{i}, {len(leads)}, golden_out{i}}},")
    out += ["static const struct golden {", "    const char *name;", "    const double *v;",
            "    size_t n, season, season2, horizon;", "    const size_t *lead;", "    size_t lead_n;",
            "    const double *out; /* [draft][lead_n] */", "} golden[] = {", *table, "};",
            "static const char *const golden_draft[] = {",
            *(f'    "{name}",' for name in ORDER), "};"]
    with open(os.path.join(HERE, "bank_golden.h"), "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
