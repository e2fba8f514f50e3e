"""Known statements as the product wants its answers.

Owns the form of what a model is trained to write: relations with their schema, short aliases made of
the first letters of their names, and columns without a prefix where one relation is read. Nothing here
changes what a statement returns; make_examples runs both and drops one that does.
"""

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

# Initials that are words of SQL, or read as such.
TAKEN = {"as", "in", "is", "or", "on", "by", "to", "at", "no", "do", "if", "of", "and", "not", "end", "all", "any",
         "asc", "for", "set", "add", "age"}


def alias_of(name, taken):
    """The first letters of a name's words, with a number where another relation has them."""
    letters = "".join(word[0] for word in name.lower().split("_") if word and word[0].isalpha()) or "t"
    alias, number = letters, 1
    while alias in taken or alias in TAKEN:
        number += 1
        alias = f"{letters}{number}"
    taken.add(alias)
    return alias


def rename(select, with_names, taken):
    """Gives the relations of one SELECT their aliases, and notes them for the columns."""
    source = select.args.get("from_") or select.args.get("from")
    items = [part.this for part in [source, *(select.args.get("joins") or [])] if part]
    renamed = {}
    for table in items:
        if not isinstance(table, exp.Table):
            continue
        old = table.alias_or_name
        named = bool(table.alias) and any(column.table == table.alias for column in select.find_all(exp.Column))
        if len(items) > 1 or named:
            if table.name.lower() in with_names and not table.alias:
                continue
            renamed[old] = alias_of(table.name, taken)
            table.set("alias", exp.TableAlias(this=exp.to_identifier(renamed[old])))
        elif table.alias:
            table.set("alias", None)
    select.meta["renamed"] = renamed


def new_name(column):
    """What the nearest SELECT around a column calls the relation it is prefixed with."""
    around = column.find_ancestor(exp.Select)
    while around is not None:
        if column.table in around.meta.get("renamed", {}):
            return around.meta["renamed"][column.table]
        around = around.find_ancestor(exp.Select)
    return column.table


def as_answer(sql, schema_of):
    """The statement in that form; schema_of gives a relation's schema."""
    tree = sqlglot.parse_one(sql, read="postgres")
    with_names = {part.alias_or_name.lower() for part in tree.find_all(exp.CTE)}
    taken = set()
    for scope in traverse_scope(tree):
        if isinstance(scope.expression, exp.Select):
            rename(scope.expression, with_names, taken)
    prefixed = [column for column in tree.find_all(exp.Column) if column.table]
    # All before the first is set: a new name may be another relation's old one.
    for column, name in [(column, new_name(column)) for column in prefixed]:
        column.set("table", exp.to_identifier(name))
    for table in tree.find_all(exp.Table):
        if table.name.lower() not in with_names and not table.db:
            table.set("db", exp.to_identifier(schema_of(table.name)))
    return tree.sql(dialect="postgres")
