/* Cholesky's factor of a few dozen unknowns and the solution for many right sides: the ridge's. */
#include "core/kernel_parts.h"

#include <string.h>

#define PANEL 4
#define PANEL_ROWS 352 /* of a panel on the stack */

/* One column, and its products off what is right of it. */
static bool factor_column(size_t k, size_t n, double *a, size_t row, double *work)
{
    double pivot = a[k * row + k];

    if (!(pivot > 0))
        return false;
    double root = sqrt(pivot), inverse = 1.0 / root;
    a[k * row + k] = root;
    for (size_t i = k + 1; i < n; i++)
        work[i] = a[i * row + k] *= inverse;
    for (size_t i = k + 1; i < n; i++) {
        double s = work[i], *to = a + i * row;
        for (size_t j = k + 1; j <= i; j++)
            to[j] -= s * work[j];
    }
    return true;
}

/* The panel's own square; inverse[] of its roots. */
static bool factor_square(double *a, size_t row, double *inverse)
{
    for (size_t k = 0; k < PANEL; k++) {
        double pivot = a[k * row + k];
        if (!(pivot > 0))
            return false;
        double root = sqrt(pivot);
        inverse[k] = 1.0 / root;
        a[k * row + k] = root;
        for (size_t i = k + 1; i < PANEL; i++)
            a[i * row + k] *= inverse[k];
        for (size_t i = k + 1; i < PANEL; i++)
            for (size_t j = k + 1; j <= i; j++)
                a[i * row + j] -= a[i * row + k] * a[j * row + k];
    }
    return true;
}

/* The rows below the square, also column by column into panel[]. */
static void factor_below(size_t n, const double *square, double *a, size_t row,
                         const double *inverse, double (*panel)[PANEL_ROWS])
{
    double l10 = square[row], l20 = square[2 * row], l21 = square[2 * row + 1];
    double l30 = square[3 * row], l31 = square[3 * row + 1], l32 = square[3 * row + 2];

    for (size_t i = 0; i < n; i++, a += row) {
        a[0] *= inverse[0];
        a[1] -= l10 * a[0];
        a[1] *= inverse[1];
        a[2] -= l20 * a[0];
        a[2] -= l21 * a[1];
        a[2] *= inverse[2];
        a[3] -= l30 * a[0];
        a[3] -= l31 * a[1];
        a[3] -= l32 * a[2];
        a[3] *= inverse[3];
        for (size_t c = 0; c < PANEL; c++)
            panel[c][i] = a[c];
    }
}

/* to[j] -= the panel's products of row i with rows j <= upto, for one row or two. */
static inline __attribute__((always_inline)) void
subtract_panel(size_t rows, size_t i, size_t n, double (*panel)[PANEL_ROWS], double *to, size_t row)
{
    size_t j = 0;

    for (; j + WIDE <= n; j += WIDE)
#pragma GCC unroll 2
        for (size_t r = 0; r < rows; r++) {
            wide sum = load_wide(to + r * row + j);
#pragma GCC unroll 4
            for (size_t c = 0; c < PANEL; c++)
                sum -= panel[c][i + r] * load_wide(panel[c] + j);
            store_wide(to + r * row + j, sum);
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t k = j; k < n + r; k++)
            for (size_t c = 0; c < PANEL; c++)
                to[r * row + k] -= panel[c][i + r] * panel[c][k];
}

/* Right-looking in panels of four columns: every element sees its products in the order of the
 * columns, as if they came one by one. */
int TRM_KERNEL(cholesky)(size_t n, double *a, size_t row, double *work)
{
    double panel[PANEL][PANEL_ROWS], inverse[PANEL];
    size_t k = 0;

    while (k < n && (n - k > PANEL_ROWS || n - k <= PANEL)) {
        if (!factor_column(k, n, a, row, work))
            return -1;
        k++;
    }
    for (; k + PANEL < n; k += PANEL) {
        double *square = a + k * row + k, *below = square + PANEL * row;
        size_t rest = n - k - PANEL, i = 0;
        if (!factor_square(square, row, inverse))
            return -1;
        factor_below(rest, square, below, row, inverse, panel);
        for (; i + 2 <= rest; i += 2)
            subtract_panel(2, i, i + 1, panel, below + PANEL + i * row, row);
        if (i < rest)
            subtract_panel(1, i, i + 1, panel, below + PANEL + i * row, row);
    }
    for (; k < n; k++)
        if (!factor_column(k, n, a, row, work))
            return -1;
    return 0;
}

/* One column of B. */
static void solve_column(size_t n, const double *l, size_t l_row, double *b, size_t b_row)
{
    for (size_t k = 0; k < n; k++) {
        double x = b[k * b_row] *= 1.0 / l[k * l_row + k];
        for (size_t i = k + 1; i < n; i++)
            b[i * b_row] -= l[i * l_row + k] * x;
    }
    for (size_t i = n; i-- > 0;) {
        double x = b[i * b_row] *= 1.0 / l[i * l_row + i];
        for (size_t k = 0; k < i; k++)
            b[k * b_row] -= l[i * l_row + k] * x;
    }
}

/* `rows` rows from i on of L Y = B, `vectors` registers of columns; both constants at every call.
 */
static inline __attribute__((always_inline)) void forward(size_t rows, size_t vectors, size_t i,
                                                          const double *l, size_t l_row, double *b,
                                                          size_t b_row)
{
    wide sum[4][3];

#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++)
            sum[r][c] = load_wide(b + (i + r) * b_row + c * WIDE);
    for (size_t k = 0; k < i; k++)
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
            for (size_t c = 0; c < vectors; c++)
                sum[r][c] -= l[(i + r) * l_row + k] * load_wide(b + k * b_row + c * WIDE);
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        double inverse = 1.0 / l[(i + r) * l_row + i + r];
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++) {
#pragma GCC unroll 4
            for (size_t k = 0; k < r; k++)
                sum[r][c] -= l[(i + r) * l_row + i + k] * sum[k][c];
            sum[r][c] *= inverse;
            store_wide(b + (i + r) * b_row + c * WIDE, sum[r][c]);
        }
    }
}

/* The same of L' X = Y, from the last row upwards. */
static inline __attribute__((always_inline)) void backward(size_t rows, size_t vectors, size_t n,
                                                           size_t i, const double *l, size_t l_row,
                                                           double *b, size_t b_row)
{
    wide sum[4][3];

#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++)
            sum[r][c] = load_wide(b + (i + r) * b_row + c * WIDE);
    for (size_t k = n; k-- > i + rows;)
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
            for (size_t c = 0; c < vectors; c++)
                sum[r][c] -= l[k * l_row + i + r] * load_wide(b + k * b_row + c * WIDE);
#pragma GCC unroll 4
    for (size_t r = rows; r-- > 0;) {
        double inverse = 1.0 / l[(i + r) * l_row + i + r];
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++) {
            sum[r][c] *= inverse;
            store_wide(b + (i + r) * b_row + c * WIDE, sum[r][c]);
#pragma GCC unroll 4
            for (size_t k = 0; k < r; k++)
                sum[k][c] -= l[(i + r) * l_row + i + k] * sum[r][c];
        }
    }
}

static inline __attribute__((always_inline)) void
solve_columns(size_t vectors, size_t n, const double *l, size_t l_row, double *b, size_t b_row)
{
    size_t i = 0, fours = n / 4 * 4;

    for (; i < fours; i += 4)
        forward(4, vectors, i, l, l_row, b, b_row);
    for (; i < n; i++)
        forward(1, vectors, i, l, l_row, b, b_row);
    for (; i > fours; i--)
        backward(1, vectors, n, i - 1, l, l_row, b, b_row);
    for (; i; i -= 4)
        backward(4, vectors, n, i - 4, l, l_row, b, b_row);
}

/* A few columns that do not fill a register, in one. */
static void solve_few(size_t n, size_t some, const double *l, size_t l_row, double *b, size_t b_row)
{
    double at[PANEL_ROWS * WIDE];

    memset(at, 0, n * WIDE * sizeof *at);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < some; j++)
            at[i * WIDE + j] = b[i * b_row + j];
    solve_columns(1, n, l, l_row, at, WIDE);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < some; j++)
            b[i * b_row + j] = at[i * WIDE + j];
}

void TRM_KERNEL(cholesky_solve)(size_t n, size_t m, const double *l, size_t l_row, double *b,
                                size_t b_row)
{
    size_t j = 0;

    for (; j + 3 * WIDE <= m; j += 3 * WIDE)
        solve_columns(3, n, l, l_row, b + j, b_row);
    for (; j + WIDE <= m; j += WIDE)
        solve_columns(1, n, l, l_row, b + j, b_row);
    if (m - j > 1 && n <= PANEL_ROWS)
        solve_few(n, m - j, l, l_row, b + j, b_row);
    else
        for (; j < m; j++)
            solve_column(n, l, l_row, b + j, b_row);
}
