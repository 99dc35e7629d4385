// For `ramlens plan`: a class that keeps large blocks, a function that asks often for little, a table that is read a lot.
#include "ramlens.h"

#include <cstdlib>
#include <cstring>
#include <vector>

namespace app {

/// Large, long-lived, touched once.
class Store {
  public:
    void fill(int count) {
        for (int i = 0; i < count; i++) {
            std::vector<char> &block = blocks_.emplace_back();
            block.resize(6000);
        }
    }

  private:
    std::vector<std::vector<char>> blocks_;
};

/// Small, and gone at once.
__attribute__((noinline)) unsigned parse(int times) {
    unsigned sum = 0;
    for (int i = 0; i < times; i++) {
        char *text = static_cast<char *>(std::malloc(64));
        std::memset(text, i, 64);
        sum += static_cast<unsigned char>(text[i % 64]);
        std::free(text);
    }
    return sum;
}

/// As large as the store's blocks together, asked for as rarely, read all the time.
__attribute__((noinline)) unsigned search(const char *table, int times) {
    unsigned sum = 0;
    for (int i = 0; i < times; i++)
        for (int k = 0; k < 8000; k++)
            sum += static_cast<unsigned char>(table[k]);
    return sum;
}

__attribute__((noinline)) char *make_table() {
    return static_cast<char *>(std::calloc(8000, 1));
}

} // namespace app

int main() {
    ramlens_checkpoint("start", 0);
    app::Store store;
    std::vector<char *> tables;
    for (int i = 0; i < 20; i++)
        tables.push_back(app::make_table());
    unsigned sum = app::parse(500);
    store.fill(30);
    ramlens_checkpoint("full", 0);
    for (char *table : tables)
        sum += app::search(table, 20);
    sum += app::parse(2000);
    for (char *table : tables)
        std::free(table);
    ramlens_checkpoint("less", 0);
    return sum == 1;
}
