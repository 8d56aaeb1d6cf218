// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a request to the HTTP server: the first line is method and path, then headers up to
// an empty line, then the body. "TOKEN" in the path stands for the word that clients know. What
// must hold: an answer with a status, not much longer than the question, and a forward or a
// callback at most to the device that asked.
#include <cstdlib>

#include "tests/upnp/device.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::test;

std::string_view line_of(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return trim(line);
}

HttpRequest parse_request(const Device& device, std::string_view text) {
    const std::string_view first = line_of(text);
    const std::size_t blank = first.find(' ');
    std::string path(blank == std::string_view::npos ? "/" : first.substr(blank + 1));
    const std::size_t token = path.find("TOKEN");
    if (token != std::string::npos) path.replace(token, 5, Identity({1, 2}).token());
    HttpRequest out = device.request(std::string(first.substr(0, blank)), std::move(path));
    while (!text.empty() && out.headers.size() < 64) {
        const std::string_view line = line_of(text);
        if (line.empty()) break;
        const std::size_t colon = std::min(line.find(':'), line.size() - 1);
        out.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
    out.body = text;
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Device device;
    const HttpAnswer answer = device.http(parse_request(device, as_text({data, size})));
    device.pass(100ms);
    if (answer.status < 200 || answer.status > 599) std::abort();
    if (answer.body.size() > 32768 + 8 * size) std::abort();
    for (const Forward& forward : device.nat.engine->forwards()) {
        if (forward.inside.address != kPc) std::abort();
    }
    for (const Notify& notify : device.effects.notifies) {
        if (notify.to.address != kPc || notify.to.port.number < 1024) std::abort();
    }
    return 0;
}
