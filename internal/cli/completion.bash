
# What follows takes the place of functions of the package bash-completion.

# Joins words again that bash takes apart at = and :, and finds the one at the cursor.
__blocktrain_init_completion()
{
    local i at line=$COMP_LINE beyond
    COMPREPLY=()
    words=()
    cword=0
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        at=$((${#words[@]} - 1))
        if ((i > 0)) && [[ $line != [[:space:]]* ]] && [[ ${COMP_WORDS[i]} == [=:]* || ${COMP_WORDS[i-1]} == *[=:] ]]; then
            words[at]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}")
            ((at++))
        fi
        line=${line#"${line%%[![:space:]]*}"}
        line=${line#"${COMP_WORDS[i]}"}
        if ((i == COMP_CWORD)); then
            cword=$at
            beyond=$((${#COMP_LINE} - ${#line} - COMP_POINT))
            if ((beyond > 0 && beyond <= ${#words[at]})); then
                words[at]=${words[at]:0:${#words[at]}-beyond}
            fi
        fi
    done
    cur=${words[cword]}
    prev=
    ((cword > 0)) && prev=${words[cword-1]}
    return 0
}

# Leaves of the words to offer what comes after the last = or :, where bash takes words
# apart at them: the rest is on the line already. It is called once for each of the two.
__blocktrain_handle_special_char()
{
    local word=$1 index
    [[ $2 == : ]] || return 0
    while [[ -n $word ]]; do
        case $word in
        *:) [[ $COMP_WORDBREAKS == *:* ]] && break ;;
        *=) [[ $COMP_WORDBREAKS == *=* ]] && break ;;
        esac
        word=${word%?}
    done
    for ((index = 0; index < ${#COMPREPLY[@]}; index++)); do
        COMPREPLY[index]=${COMPREPLY[index]#"$word"}
    done
}

# Keeps the words that go on what is typed, with what they are if there are several. None
# of them needs quotes; cobra's own function would put a backslash before each comma, and
# then find that lists do not begin as they were typed.
__blocktrain_handle_completion_types()
{
    local tab=$'\t' line word longest=0
    COMPREPLY=()
    for line in "${completions[@]}"; do
        word=${line%%$tab*}
        [[ $word == "$cur"* ]] || continue
        COMPREPLY+=("$line")
        ((${#word} > longest)) && longest=${#word}
    done
    if ((${#COMPREPLY[@]} == 1)) || [[ $COMP_TYPE == 37 || $COMP_TYPE == 42 ]]; then
        COMPREPLY=("${COMPREPLY[@]%%$tab*}")
    else
        __blocktrain_format_comp_descriptions $longest
    fi
}
