// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/uci_text.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/config/values.h"

namespace gatehouse::config {

namespace {

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Names of sections and options: what a shell takes as a variable name.
bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

// Types of sections: any printable ASCII without blanks.
bool is_type(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_package(std::string_view text) {
    std::string plain(text);
    std::replace(plain.begin(), plain.end(), '-', '_');
    return is_name(plain);
}

// near is the command that was probably meant, or empty.
std::string not_a_command(std::string_view word, std::string_view near) {
    if (!near.empty()) return concat(quoted(word), " is not a command; did you mean '", near, "'?");
    return concat(quoted(word), " is not a command; allowed: config, option, list, package");
}

// One command and its words.
struct Command {
    int line = 0;
    std::string verb;
    std::vector<std::string> words;
};

// Cuts the text into commands. Every byte is visited once.
class Lexer {
  public:
    Lexer(std::string_view text, ProblemList& problems) : text_(text), problems_(problems) {}

    // The next command, or nothing at the end of the text.
    std::optional<Command> next();

  private:
    enum class Stop { word, end_of_command, failed };

    bool at_end() const { return at_ == text_.size(); }
    char peek() const { return at_end() ? '\n' : text_[at_]; }
    // One byte on; counts lines.
    void advance() {
        if (text_[at_++] == '\n') ++line_;
    }
    bool at_line_end(std::size_t at) const;
    Stop read_word(std::string& out);
    bool read_quoted(char quote, std::string& out);
    bool read_backslash(std::string& out);
    bool room(const std::string& out);
    void skip_blanks();
    void skip_comment();
    Stop fail(int line, std::string text);

    std::string_view text_;
    ProblemList& problems_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;  // of the line in which the command began
    int line_ = 1;
};

Lexer::Stop Lexer::fail(int line, std::string text) {
    problems_.add(line, std::move(text));
    while (!at_end() && text_[at_] != '\n')
        advance();
    return Stop::failed;
}

bool Lexer::at_line_end(std::size_t at) const {
    if (at < text_.size() && text_[at] == '\r') ++at;
    return at >= text_.size() || text_[at] == '\n';
}

void Lexer::skip_blanks() {
    while (!at_end() && is_blank(text_[at_]) && text_[at_] != '\n')
        advance();
}

void Lexer::skip_comment() {
    while (!at_end() && text_[at_] != '\n')
        advance();
}

// Whether one more byte fits the word and the line.
bool Lexer::room(const std::string& out) {
    if (out.size() >= kMaxWord) {
        fail(line_, concat("a name or value is longer than ", kMaxWord, " bytes"));
        return false;
    }
    if (at_ - line_start_ > kMaxLine) {
        fail(line_, concat("the line is longer than ", kMaxLine, " bytes"));
        return false;
    }
    return true;
}

// At a backslash: takes the character behind it as it is, or joins two lines.
bool Lexer::read_backslash(std::string& out) {
    advance();
    if (at_line_end(at_)) {
        skip_blanks();
        if (!at_end()) advance();
        return room(out);
    }
    if (!room(out)) return false;
    out.push_back(text_[at_]);
    advance();
    return true;
}

// At an opening quote: everything up to the closing one.
bool Lexer::read_quoted(char quote, std::string& out) {
    const int opened = line_;
    advance();
    while (!at_end()) {
        const char c = text_[at_];
        if (c == quote) {
            advance();
            return true;
        }
        if (c == '\\' && quote == '"') {
            if (!read_backslash(out)) return false;
            continue;
        }
        if (!room(out)) return false;
        out.push_back(c);
        advance();
    }
    fail(opened, concat("the quote ", quote, " that opens here is never closed"));
    return false;
}

// The next word of the command; the position is left at the byte that ended it.
Lexer::Stop Lexer::read_word(std::string& out) {
    skip_blanks();
    const std::size_t start = at_;
    while (!at_end()) {
        const char c = text_[at_];
        if (is_blank(c) || c == ';' || c == '#') break;
        bool fine = true;
        if (c == '\'' || c == '"') {
            fine = read_quoted(c, out);
        } else if (c == '\\') {
            fine = read_backslash(out);
        } else if ((fine = room(out))) {
            out.push_back(c);
            advance();
        }
        if (!fine) return Stop::failed;
    }
    return at_ == start ? Stop::end_of_command : Stop::word;
}

std::optional<Command> Lexer::next() {
    while (!at_end()) {
        const char first = text_[at_];
        if (is_blank(first) || first == ';') {
            advance();
            if (first == '\n') line_start_ = at_;
            continue;
        }
        if (first == '#') {
            skip_comment();
            continue;
        }
        Command command;
        command.line = line_;
        const std::size_t start = at_;
        Stop stop = read_word(command.verb);
        const std::string_view written = text_.substr(start, at_ - start);
        if (stop == Stop::word && written != command.verb) {
            stop = fail(command.line, not_a_command(written, {}));
        }
        while (stop == Stop::word) {
            std::string word;
            stop = read_word(word);
            // A fourth word is one too many already; more are read but not kept.
            if (stop == Stop::word && command.words.size() < 4) {
                command.words.push_back(std::move(word));
            }
        }
        if (stop == Stop::end_of_command) {
            if (peek() == '#') skip_comment();
            return command;
        }
    }
    return std::nullopt;
}

// All values of one name in one section, in the order they were written.
struct Slot {
    std::string name;
    bool is_list = false;
    std::vector<UciOption> values;
};

// Puts commands together to sections. Work is O(n log n) in the number of commands.
class Builder {
  public:
    explicit Builder(std::string_view filename) : problems_(filename), warnings_(filename) {}

    ProblemList& problems() { return problems_; }
    void run(Command command);
    UciFile take() &&;

  private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    void open_section(Command& command);
    void open_named(Command& command, std::string name);
    void set_value(Command& command, bool is_list);
    Slot& slot(const std::string& name);

    ProblemList problems_;
    ProblemList warnings_;
    std::vector<UciSection> sections_;
    std::vector<std::vector<Slot>> slots_;  // one row for each section
    std::map<std::pair<std::string, std::string>, std::size_t> by_name_;  // name, type
    std::map<std::pair<std::size_t, std::string>, std::size_t> by_option_;
    std::size_t current_ = kNone;
    bool current_failed_ = false;  // options of a section that could not be opened
};

void Builder::run(Command command) {
    const std::string& verb = command.verb;
    if (verb == "config" || verb == "c") {
        open_section(command);
    } else if (verb == "option" || verb == "o") {
        set_value(command, false);
    } else if (verb == "list" || verb == "l") {
        set_value(command, true);
    } else if (verb == "package" || verb == "p") {
        if (command.words.size() != 1 || !is_package(command.words[0])) {
            problems_.add(command.line, "package needs one name of letters, digits, '_' and '-'");
        }
    } else {
        const std::string_view near = closest(verb, {"config", "option", "list", "package"});
        // Options behind a mistyped config are not those of the section before.
        if (near == "config") current_failed_ = true;
        problems_.add(command.line, not_a_command(verb, near));
    }
}

void Builder::open_section(Command& command) {
    current_failed_ = true;
    if (command.words.empty() || !is_type(command.words[0])) {
        problems_.add(command.line, "config needs a type, for example: config nat 'nat'");
        return;
    }
    if (command.words.size() > 2) {
        problems_.add(command.line, "config takes a type and a name, not more");
        return;
    }
    std::string name = command.words.size() == 2 ? std::move(command.words[1]) : std::string();
    if (!name.empty() && !is_name(name)) {
        problems_.add(command.line, concat("the section name ", quoted(name),
                                           " may only have letters, digits and '_'"));
        return;
    }
    current_failed_ = false;
    open_named(command, std::move(name));
}

void Builder::open_named(Command& command, std::string name) {
    std::string& type = command.words[0];
    if (!name.empty()) {
        const auto known = by_name_.lower_bound({name, std::string()});
        const bool taken = known != by_name_.end() && known->first.first == name;
        const auto same = by_name_.find({name, type});
        if (same != by_name_.end()) {
            current_ = same->second;
            return;
        }
        if (taken) {
            const UciSection& other = sections_[known->second];
            warnings_.add(command.line,
                          concat("the section name ", quoted(name), " is that of the ",
                                 quoted(other.type), " at line ", other.line,
                                 " too; OpenWrt's uci refuses such a file: rename one"));
        }
    }
    if (sections_.size() == kMaxSections) {
        problems_.add(command.line, concat("more than ", kMaxSections, " sections"));
        current_failed_ = true;
        return;
    }
    if (!name.empty()) by_name_.emplace(std::pair{name, type}, sections_.size());
    current_ = sections_.size();
    sections_.push_back({std::move(type), std::move(name), command.line, {}});
    slots_.emplace_back();
}

Slot& Builder::slot(const std::string& name) {
    auto& row = slots_[current_];
    const auto [known, fresh] = by_option_.emplace(std::pair{current_, name}, row.size());
    if (fresh) row.push_back({name, false, {}});
    return row[known->second];
}

void Builder::set_value(Command& command, bool is_list) {
    if (current_failed_) return;
    const std::string_view verb = is_list ? "list" : "option";
    if (current_ == kNone) {
        problems_.add(command.line, concat(verb, " stands before the first config"));
        return;
    }
    if (command.words.empty() || !is_name(command.words[0])) {
        problems_.add(command.line,
                      concat(verb, " needs a name of letters, digits and '_', and a value"));
        return;
    }
    if (command.words.size() > 2) {
        problems_.add(command.line, concat(verb, ' ', command.words[0],
                                           " has more than one value: put it in quotes"));
        return;
    }
    std::string value = command.words.size() == 2 ? std::move(command.words[1]) : std::string();
    Slot& target = slot(command.words[0]);
    target.is_list = is_list;
    if (!is_list) target.values.clear();
    if (is_list || !value.empty()) {
        target.values.push_back(
            {std::move(command.words[0]), is_list, std::move(value), command.line});
    }
}

UciFile Builder::take() && {
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        for (Slot& one : slots_[i]) {
            for (UciOption& value : one.values) {
                value.is_list = one.is_list;
                sections_[i].options.push_back(std::move(value));
            }
        }
    }
    return {std::move(sections_), std::move(problems_).take(), std::move(warnings_).take()};
}

// What makes a text unfit to be read at all; false and a problem then.
bool fit_to_read(std::string_view text, ProblemList& problems) {
    if (text.size() > kMaxFile) {
        problems.add(0, concat("the file is longer than ", kMaxFile >> 20U, " MiB"));
        return false;
    }
    const std::size_t nul = text.find('\0');
    if (nul == std::string_view::npos) return true;
    const auto lines =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
    problems.add(static_cast<int>(lines) + 1, "a NUL byte: this is not a text file");
    return false;
}

// Quoted for a line of a file.
void append_quoted(std::string& out, std::string_view value) {
    out.push_back('\'');
    for (const char c : value) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out.push_back(c);
        }
    }
    out.push_back('\'');
}

}  // namespace

UciFile parse_uci(std::string_view text, std::string_view filename) {
    static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    Builder builder(filename);
    if (!fit_to_read(text, builder.problems())) return std::move(builder).take();
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    Lexer lexer(text, builder.problems());
    while (auto command = lexer.next()) {
        builder.run(std::move(*command));
    }
    return std::move(builder).take();
}

std::string write_uci(const UciFile& file) {
    std::string out;
    for (const UciSection& section : file.sections) {
        if (!out.empty()) out.push_back('\n');
        out += "config ";
        if (is_package(section.type)) {
            out += section.type;
        } else {
            append_quoted(out, section.type);
        }
        if (!section.name.empty()) append(out, " '", section.name, '\'');
        out.push_back('\n');
        for (const UciOption& option : section.options) {
            append(out, option.is_list ? "\tlist " : "\toption ", option.name, ' ');
            append_quoted(out, option.value);
            out.push_back('\n');
        }
    }
    return out;
}

}  // namespace gatehouse::config
