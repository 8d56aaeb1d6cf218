// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/saved.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "alg/registrations.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

constexpr std::size_t kFields = 5;

// Without any time left where it is over.
std::optional<SavedRegistration> read_line(std::string_view line, std::chrono::seconds clock) {
    const auto fields = split(line, ' ');
    if (fields.size() != kFields) return std::nullopt;
    const auto inside = parse_endpoint4(fields[0]);
    const auto registrar = parse_endpoint4(fields[1]);
    const auto outside = parse_number<std::uint16_t>(fields[2]);
    const auto until = parse_number<std::uint32_t>(fields[3]);
    if (!inside || !registrar || !outside || *outside == 0 || !until || !is_plain(fields[4])) {
        return std::nullopt;
    }
    // A spoiled line gives nobody longer than a registrar may.
    const std::int64_t left = std::int64_t{*until} - clock.count();
    const std::int64_t longest = whole_seconds(Registrations::kLongest + Registrations::kGrace);
    if (left > longest) return std::nullopt;
    return SavedRegistration{*inside, *registrar, Port{*outside}, std::chrono::seconds(left),
                             std::string(fields[4])};
}

}  // namespace

bool is_plain(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string write_saved(const std::vector<SavedRegistration>& all, std::chrono::seconds clock) {
    std::string out;
    for (const SavedRegistration& one : all) {
        if (!is_plain(one.account)) continue;
        append(out, one.inside.to_string(), " ", one.registrar.to_string(), " ", one.outside.number,
               " ", clock.count() + whole_seconds(one.left), " ", one.account, "\n");
    }
    return out;
}

std::vector<SavedRegistration> read_saved(std::string_view text, std::chrono::seconds clock) {
    std::vector<SavedRegistration> out;
    std::map<std::tuple<Endpoint4, Ip4, std::string>, std::size_t> places;
    // A line without its end was not written to its end.
    text = text.substr(0, text.rfind('\n') + 1);
    for (const std::string_view line : split(text, '\n')) {
        auto one = read_line(line, clock);
        if (!one) continue;
        const auto [place, fresh] =
            places.try_emplace({one->inside, one->registrar.address, one->account}, out.size());
        if (!fresh) {
            out[place->second] = std::move(*one);
        } else if (out.size() < 4 * Registrations::kMost) {
            out.push_back(std::move(*one));
        } else {
            places.erase(place);
        }
    }
    std::erase_if(out, [](const auto& one) { return one.left <= Duration::zero(); });
    if (out.size() > Registrations::kMost) out.resize(Registrations::kMost);
    return out;
}

}  // namespace gatehouse::sip
