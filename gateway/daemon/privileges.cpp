// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/privileges.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/daemon/files.h"
#include "gateway/kernel/sandbox.h"

namespace gatehouse::daemon {

// name:password:uid:gid:... (passwd(5)). Read here and not through the name service, whose
// libraries would stay in the daemon's memory for this one question.
std::optional<Account> account_in(std::string_view table, std::string_view user) {
    for (const std::string_view line : split(table, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() < 4 || fields[0] != user) continue;
        const auto uid = parse_number<unsigned>(fields[2]);
        const auto gid = parse_number<unsigned>(fields[3]);
        if (uid && gid) return Account{*uid, *gid};
    }
    return std::nullopt;
}

Result<Account> find_account(const std::string& user) {
    if (user.empty() || user == "root") return fail("root, as configured");
    const auto table = read_file("/etc/passwd");
    if (!table) return fail(concat("root, because of ", table.error().text));
    const auto account = account_in(*table, user);
    if (!account) return fail(concat("root, because there is no user '", user, "'"));
    return *account;
}

namespace {

std::string outcome(const Status& status) {
    return status ? "on" : status.error().text;
}

std::string become(const std::string& user) {
    if (::geteuid() != 0) return "as started";
    const auto account = find_account(user);
    const Account target = account ? *account : Account{};
    const Status became = kernel::become_user(target.uid, target.gid);
    if (!became) return became.error().text;
    return account ? user : account.error().text;
}

// The libraries, and what libnftables reads: names of protocols, services and marks.
constexpr std::array kReadable{
    "/usr",
    "/lib",
    "/lib64",
    "/proc",
    "/sys/class/net",
    "/sys/devices",
    "/etc/protocols",
    "/etc/services",
    "/etc/iproute2",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/ld.so.cache",
    "/etc/resolv.conf",
};
constexpr std::array kWritable{"/run", "/tmp", "/var", "/dev/null", "/proc/sys/net"};

Status limit_files(Places places) {
    places.read.insert(places.read.end(), kReadable.begin(), kReadable.end());
    places.write.insert(places.write.end(), kWritable.begin(), kWritable.end());
    return kernel::limit_files(places.read, places.write);
}

}  // namespace

std::string folder_of(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    if (slash == std::string::npos) return file.empty() ? "" : ".";
    return file.substr(0, std::max<std::size_t>(slash, 1));
}

Safeguards drop_privileges(const std::string& user, Places places) {
    Safeguards out;
    const Status bounds = kernel::limit_capability_bounds();
    out.emplace_back("user", become(user));
    out.emplace_back("capabilities", kernel::effective_capabilities());
    out.emplace_back("capability_bounds", outcome(bounds));
    out.emplace_back("no_new_privileges", outcome(kernel::forbid_new_privileges()));
    out.emplace_back("landlock", outcome(limit_files(std::move(places))));
    out.emplace_back("seccomp", outcome(kernel::filter_system_calls()));
    return out;
}

void confine_writer(const std::string& user, Places places) {
    (void)kernel::limit_capability_bounds();
    (void)become(user);
    (void)kernel::give_up_capabilities();
    (void)kernel::forbid_new_privileges();
    (void)limit_files(std::move(places));
    (void)kernel::filter_system_calls();
}

}  // namespace gatehouse::daemon
