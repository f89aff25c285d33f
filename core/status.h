/* What every function of core answers with. Knows the names and the words; knows nothing of HTTP or
 * SQL, whose layers map these values in one switch each. Surprising: the enum and its texts come from
 * one X-macro, so that a code without words cannot exist. */
#ifndef TRM_STATUS_H
#define TRM_STATUS_H

/* X(name, text). Append only: values are not stored anywhere, but tests count them. */
#define TRM_STATUS_LIST(X)                                                                         \
    X(OK, "ok")                                                                                    \
    X(MORE, "there is more to do")                                                                 \
    X(ENOMEM, "out of memory")                                                                     \
    X(EINVAL, "invalid argument")                                                                  \
    X(ESHORT, "history too short")                                                                 \
    X(EMISSING, "no observed value in the history")                                                \
    X(EOFFGRID, "timestamp is not on the series' grid")                                            \
    X(ERANGE, "value out of range")                                                                \
    X(ECORRUPT, "damaged data")                                                                    \
    X(EVERSION, "unknown format version")                                                          \
    X(EDIVERGED, "training diverged")

enum trm_status {
#define TRM_STATUS_ENUM(name, text) TRM_##name,
    TRM_STATUS_LIST(TRM_STATUS_ENUM)
#undef TRM_STATUS_ENUM
};

#define TRM_MUST_CHECK __attribute__((warn_unused_result))

/* Words for a status, without a full stop. Returns a static string, never NULL ("unknown status"
 * for a value outside the list). Any thread. */
const char *trm_status_text(enum trm_status status);

#endif
