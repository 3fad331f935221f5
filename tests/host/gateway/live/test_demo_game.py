"""The demo's models play the game that the page of the arena is filled with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxywasm_host.gateway.live.demo.game import reply
from proxywasm_host.gateway.live.demo.model import answer

GAMES = json.loads((Path(__file__).parents[4] / "web" / "src" / "arena" / "game.json").read_text())
MODELS = ("qwen-max", "gpt-4-0613")
ROUNDS = 2
QUESTIONS = 3
VALUES = ("round", "rounds", "question", "questions", "other")


def play(game: dict[str, Any], models: tuple[str, str]) -> list[str]:
    """What is said, as in the page: who asks changes with each round."""
    chats = [[{"role": "system", "content": player["role"]}] for player in game["players"]]
    heard: tuple[list[str], list[str]] = ([], [])
    said = []

    def speak(seat: int, *instructions: str) -> None:
        chats[seat].append({"role": "user", "content": "\n\n".join([*heard[seat], *instructions])})
        text = answer(models[seat], chats[seat], {}).text
        chats[seat].append({"role": "assistant", "content": text})
        heard[seat].clear()
        heard[1 - seat].append(text)
        said.append(text)

    for asks in range(ROUNDS):
        for question in range(1, QUESTIONS + 1):
            values = {"round": asks + 1, "rounds": ROUNDS, "question": question, "questions": QUESTIONS, "other": "X"}
            speak(asks, game["opening"].format(**values))
            speak(1 - asks)
    return said


@pytest.mark.parametrize("language", GAMES)
@pytest.mark.parametrize("models", [MODELS, MODELS[::-1]])
def test_two_rounds_have_other_questions_and_an_answer_to_each(language: str, models: tuple[str, str]) -> None:
    said = play(GAMES[language], models)
    assert len(set(said)) == 2 * ROUNDS * QUESTIONS
    assert not any("fake model" in text or "模拟模型" in text for text in said)
    questions, answers = said[::2], said[1::2]
    assert all(text[-1] in "?？。." for text in questions)
    assert not {*questions} & {*answers}


@pytest.mark.parametrize("language", GAMES)
@pytest.mark.parametrize("model", MODELS)
def test_one_model_in_both_seats_answers_its_own_questions(language: str, model: str) -> None:
    assert not any("fake model" in text or "模拟模型" in text for text in play(GAMES[language], (model, model)))


@pytest.mark.parametrize("language", GAMES)
def test_side_by_side_both_answer_the_prompt_in_their_own_way(language: str) -> None:
    said = [answer(model, [{"role": "user", "content": GAMES[language]["prompt"]}], {}).text for model in MODELS]
    assert said[0] != said[1]
    assert not any(model in text or "fake model" in text or "模拟模型" in text for model in MODELS for text in said)


def test_what_is_no_game_is_not_answered_with_one() -> None:
    instruction = {"role": "user", "content": GAMES["en"]["opening"].format_map(dict.fromkeys(VALUES, 1))}
    assert reply("qwen-max", [instruction]) is None
    assert reply("qwen-max", [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]) is None
    for messages in (None, [], [None], [{"role": "system"}], [{"role": "system"}, {"content": ["question 1 of 3"]}]):
        assert reply("qwen-max", messages) is None


@pytest.mark.parametrize("text", ["two  words\n\nof a text ", "你好，world 一二三。", "", " ", "```python\nf()\n```"])
def test_a_text_is_cut_without_loss(text: str) -> None:
    asked = [{"role": "system", "content": "Repeat."}, {"role": "user", "content": text}]
    given = answer("qwen-max", asked, {})
    assert given.text.endswith(text or "nothing")
    assert all(given.pieces)


def test_chinese_is_cut_into_pieces_of_two_characters() -> None:
    pieces = answer("qwen-max", [{"role": "user", "content": "今天天气很好"}], {}).pieces
    assert "".join(pieces).endswith("今天天气很好")
    assert max(len(piece) for piece in pieces[-4:]) == 2
