// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the NAT has done, for the log and for whoever listens to events. Mappings come and go by the
// thousand: they are only told while somebody listens.
#include "gateway/daemon/house.h"

namespace gatehouse::daemon {

namespace {

using Kind = nat::Notice::Kind;

bool is_mapping(Kind kind) {
    return kind == Kind::mapping_added || kind == Kind::mapping_ended;
}

// Another boot would not know that it is over.
bool ends_command(const nat::Notice& notice) {
    return notice.kind == Kind::forward_expired && notice.owner == nat::OwnerKind::static_;
}

bool is_pinhole(Kind kind) {
    return kind == Kind::pinhole_added || kind == Kind::pinhole_ended;
}

std::string_view event_of(Kind kind) {
    switch (kind) {
        case Kind::mapping_added: return "mapping_made";
        case Kind::mapping_ended: return "mapping_ended";
        case Kind::forward_added: return "forward_added";
        case Kind::forward_changed: return "forward_changed";
        case Kind::forward_expired: return "forward_expired";
        case Kind::forward_released: return "forward_ended";
        case Kind::forward_failed: return "forward_failed";
        case Kind::pinhole_added: return "pinhole_opened";
        case Kind::pinhole_ended: return "pinhole_closed";
        case Kind::outside_changed: return "outside_changed";
        case Kind::refused: return "refused";
    }
    return "";
}

std::string inside_of(const nat::Notice& notice) {
    if (!is_pinhole(notice.kind)) return notice.inside.to_string();
    return Endpoint{notice.pinhole, notice.inside.port}.to_string();
}

control::Happening happening_of(const nat::Notice& notice) {
    control::Happening out{event_of(notice.kind),
                           {{"proto", to_string(notice.proto)}, {"inside", inside_of(notice)}}};
    if (notice.kind == Kind::refused) {
        out.fields.emplace_back("by", "nat");
        out.fields.emplace_back("reason", nat::to_string(notice.reason));
        return out;
    }
    if (!is_pinhole(notice.kind)) out.fields.emplace_back("outside", notice.outside.to_string());
    if (is_mapping(notice.kind)) return out;
    // Not "id", which is the event's own.
    out.fields.emplace_back(is_pinhole(notice.kind) ? "pinhole" : "forward",
                            std::to_string(notice.id));
    out.fields.emplace_back("origin", nat::to_string(notice.owner));
    return out;
}

}  // namespace

void House::tell(std::string_view event, std::vector<control::Happening::Field> fields,
                 Effects& out) {
    out.events.push_back({event, std::move(fields)});
}

void House::log_notices(Instant now, Effects& out, std::size_t first) {
    const bool tells_mappings = watched_ || config_.gateway.log_level == config::LogLevel::debug;
    for (std::size_t i = first; i < out.nat.notices.size(); ++i) {
        const nat::Notice& notice = out.nat.notices[i];
        if (notice.kind == Kind::outside_changed) continue;
        out.save_forwards |= ends_command(notice);
        if (is_mapping(notice.kind) && !tells_mappings) continue;
        LogLine text{is_mapping(notice.kind) ? Level::debug : Level::info,
                     "nat",
                     std::string(nat::to_string(notice.kind)),
                     {{"proto", to_string(notice.proto)}, {"inside", inside_of(notice)}}};
        const bool refused = notice.kind == Kind::refused;
        // What devices ask for, as often as they like, is limited; debugging tells every mapping.
        std::optional<std::uint64_t> passed = 0;
        if (refused) {
            passed = refusals_.allow(nat::to_string(notice.reason), now);
            text.level = Level::warning;
            text.fields.emplace_back("reason", nat::to_string(notice.reason));
        } else if (is_pinhole(notice.kind)) {
            text.fields.emplace_back("owner", std::string(nat::to_string(notice.owner)));
        } else {
            text.fields.emplace_back("outside", notice.outside.to_string());
        }
        if (!refused && !is_mapping(notice.kind) && notice.owner != nat::OwnerKind::static_) {
            passed = changes_.allow(nat::to_string(notice.kind), now);
        }
        if (!passed) metrics_.add(Metric::log_lines_suppressed);
        if (!passed && refused) continue;
        if (passed.value_or(0) > 0) {
            text.fields.emplace_back("suppressed", std::to_string(*passed));
        }
        out.events.push_back(happening_of(notice));
        if (passed) out.steps.emplace_back(std::move(text));
    }
}

}  // namespace gatehouse::daemon
