# Makes classic_golden.h: what R's forecast package (8.20, Debian's r-cran-forecast) and R's own
# ar.burg say of four series. Run by hand: Rscript make_classic_golden.R > classic_golden.h. Not needed
# by the build.
#
# For exponential smoothing the golden values are a model's parameters and states as R estimated them,
# with R's likelihood, forecasts and 80% limits for exactly these: that checks the recursions apart from
# the search. The AICc is what our own search has to reach.
suppressMessages(library(forecast))
options(digits = 17)

noise <- function(n, seed) { # Park and Miller's generator, so that the series do not depend on R's
  x <- seed; out <- numeric(n)
  for (i in 1:n) { s <- 0; for (k in 1:12) { x <- (16807 * x) %% 2147483647; s <- s + x / 2147483647 }; out[i] <- s - 6 }
  out
}
t <- 1:120
series <- list(
  list(m = 12, v = round((200 + 2 * t) * (1 + .2 * sin(2 * pi * t / 12)) * exp(.05 * noise(120, 11)), 2)),
  list(m = 4, v = round(c(5, -3, -8, 6)[(0:63) %% 4 + 1] + cumsum(noise(64, 7)) * .7 + noise(64, 5), 3)),
  list(m = 1, v = round(50 + cumsum(.6 + noise(45, 3)), 3)),
  list(m = 7, v = round(100 + c(9, 2, -4, -6, 0, 12, -13)[(0:139) %% 7 + 1] + as.numeric(
    filter(noise(140, 23) * 3, c(.9, -.3), method = "recursive")), 2)))
models <- list(c("ANN", F), c("AAN", F), c("AAN", T), c("MNN", F), c("MAN", T), c("ANA", F), c("AAA", T), c("MNM", F),
               c("MAM", F), c("MAM", T), c("MNA", F))
H <- 15

numbers <- function(x) paste(strwrap(paste0(paste(format(x, digits = 15, trim = TRUE, scientific = NA), collapse = ", "), ","), 92,
                                     indent = 4, exdent = 4), collapse = "\n")
array <- function(name, x) cat("static const double ", name, "[] = {\n", numbers(as.numeric(x)), "\n};\n", sep = "")

ets_rows <- c()
one_ets <- function(i, y, spec, damped) {
  m <- frequency(y)
  if (m == 1 && substr(spec, 3, 3) != "N") return()
  if (min(y) <= 0 && substr(spec, 1, 1) == "M") return()
  f <- ets(y, model = spec, damped = damped)
  p <- f$par; g <- function(k) if (k %in% names(p)) p[[k]] else 0
  s <- if (substr(spec, 3, 3) == "N") 0 else rev(as.numeric(f$initstate[grep("^s", names(f$initstate))]))
  fc <- forecast(f, h = H, level = 80)
  phi <- if (damped) g("phi") else 1
  name <- sprintf("golden_ets%d", length(ets_rows))
  array(name, c(g("alpha"), g("beta"), g("gamma"), phi, g("l"), g("b"), -2 * f$loglik, f$aicc, f$sigma2, fc$mean,
                fc$upper[, 1], s))
  ets_rows <<- c(ets_rows, sprintf("    {%d, \"%s\", %d, %s},", i, spec, as.integer(damped), name))
}

burg <- function(v, m) { # the order by AICc, as core/classic_ar.c says
  n <- length(v)
  most <- min(max(floor(10 * log10(n)), if (m > 1) m + 1 else 0), n %/% 4, 50)
  best <- NULL; least <- Inf
  for (p in 0:most) {
    s2 <- if (p == 0) mean((v - mean(v))^2) else { a <- ar.burg(v, aic = FALSE, order.max = p, var.method = 1)
      mean((v - mean(v))^2) * prod(1 - a$partialacf[, 1, 1]^2) }
    k <- p + 2; crit <- n * log(s2) + 2 * k * n / (n - k - 1)
    if (crit < least) { least <- crit; best <- if (p == 0) numeric(0) else a$ar }
  }
  x <- v - mean(v)
  for (h in 1:H) x <- c(x, if (length(best)) sum(best * rev(x)[seq_along(best)]) else 0)
  list(order = length(best), mean = mean(v) + tail(x, H))
}

cat("/* Made by make_classic_golden.R from R's forecast 8.20: do not edit. */\n")
cat("#define GOLDEN_LEADS ", H, "\n", sep = "")
rows <- c()
for (i in seq_along(series)) {
  s <- series[[i]]; y <- ts(s$v, frequency = s$m)
  array(sprintf("golden_v%d", i - 1), s$v)
  sn <- snaive(y, h = H, level = 80)
  array(sprintf("golden_snaive%d", i - 1), c(sn$mean, sn$upper[, 1]))
  th <- if (min(s$v) > 0) thetaf(y, h = H)$mean else rep(0, H)
  array(sprintf("golden_theta%d", i - 1), th)
  strength <- if (s$m > 1) { d <- decompose(y); k <- !is.na(d$random)
    max(0, 1 - var(d$random[k]) / var((d$random + d$seasonal)[k])) } else 0
  b <- burg(if (strength > .64) diff(s$v, s$m) else s$v, s$m)
  if (strength > .64) { x <- s$v; for (h in 1:H) x <- c(x, x[length(x) + 1 - s$m] + b$mean[h]); b$mean <- tail(x, H) }
  array(sprintf("golden_ar%d", i - 1), b$mean)
  rows <- c(rows, sprintf("    {golden_v%d, %d, %d, golden_snaive%d, golden_theta%d, golden_ar%d, %d, %s},", i - 1,
                          length(s$v), s$m, i - 1, i - 1, i - 1, b$order, format(strength, digits = 12)))
  for (spec in models) one_ets(i - 1, y, spec[1], as.logical(spec[2]))
}
cat("/* mean, then the upper 80% limit, of seasonal naive; means of Theta (zeros: not asked, a season\n",
    " * added where values are not positive is our own) and AR, its order, the season's strength */\n", sep = "")
cat("static const struct {\n    const double *v;\n    size_t n, m;\n    const double *snaive, *theta, *ar;\n    size_t ar_order;\n    double strength;\n} golden_series[] = {\n", paste(rows, collapse = "\n"), "\n};\n", sep = "")
cat("/* alpha, beta, gamma, phi, level, slope, -2 log likelihood, AICc, variance, means, upper 80%\n",
    " * limits, indices */\n", sep = "")
cat("static const struct {\n    size_t series;\n    const char *model;\n    int damped;\n    const double *at;\n} golden_ets[] = {\n", paste(ets_rows, collapse = "\n"), "\n};\n", sep = "")
