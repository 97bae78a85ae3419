#include "worker/duties/retention_duty.h"

namespace safelight {

RetentionDuty::RetentionDuty(const RetentionParts& parts, const RetentionLook& look)
    : parts_(parts), look_(look), duty_("retention", parts.blobs.log, [this](const std::stop_token& stop) {
          run(stop);
          return look_.pause_min;
      }) {}

RetentionCounts RetentionDuty::run(const std::stop_token& stop) {
    RetentionCounts counts;
    // What is due again before the round is over waits for the next.
    const Timestamp now = parts_.clock.now();
    while (parts_.retention != nullptr && !stop.stop_requested()) {
        const auto step = parts_.retention->step(look_, now);
        if (!step) {
            parts_.blobs.log.warn("retention held up",
                                  {{"error", name_of(step.error().code)}, {"detail", step.error().log_text}});
            break;
        }
        if (!*step) break;
        announce(**step);
        counts.deleted_images += (*step)->deleted.size();
        counts.expired_variants += (*step)->expired_variants;
    }
    if (counts.deleted_images > 0 || counts.expired_variants > 0) {
        parts_.blobs.log.info("retention", {{"images_deleted", counts.deleted_images},
                                            {"variants_expired", counts.expired_variants}});
    }
    return counts;
}

/// Hints alone, and bytes that the sweeper would remove as well.
void RetentionDuty::announce(const RetentionStep& step) {
    for (const JobId job : step.deleted) {
        parts_.metrics.deletion();
        parts_.watch.notify(job);
    }
    parts_.metrics.retention(step.deleted.size(), step.expired_variants);
    remove_doomed(parts_.blobs, step.doomed);
}

}  // namespace safelight
