"""The criteria of a launch, by stage, and the roles that sign it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.components.claims import CheckSelector
from basewatch.errors import InvalidValueError
from basewatch.identifiers import CalendarDate


class DoneByHand(ConfigModel):
    """Who verified a criterion that no check can verify, when, and where the record of it is."""

    by: str = Field(min_length=1)
    on: CalendarDate
    record: str = Field(min_length=1, description="where the evidence is, such as a ticket or a report")


class Criterion(ConfigModel):
    """One criterion of a stage: the checks that have to pass, or what a person has to do (`manual`)."""

    criterion: str = Field(min_length=1)
    area: str = Field(default="", description="such as security or backup; the matrix groups by it")
    held_by: tuple[CheckSelector, ...] = ()
    manual: str | None = Field(default=None, min_length=1)
    done: DoneByHand | None = None

    @model_validator(mode="after")
    def _is_verified_in_one_way(self) -> Self:
        if bool(self.held_by) == bool(self.manual):
            raise InvalidValueError(
                f"the criterion '{self.criterion}' needs either the checks that hold it or what a person does",
                "give it held_by or manual",
            )
        if self.done and not self.manual:
            raise InvalidValueError(
                f"the criterion '{self.criterion}' is held by checks, so nobody can declare it done",
                "remove done, or replace held_by by manual",
            )
        return self


class LaunchStage(ConfigModel):
    """A point in time of the launch, such as T-24h, and what has to be true then."""

    name: str = Field(min_length=1)
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class Launch(ConfigModel):
    """The go/no-go matrix of a launch. `sign_off` are the roles that sign it; Basewatch signs nothing."""

    stages: tuple[LaunchStage, ...] = ()
    sign_off: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_stage_has_a_name_of_its_own(self) -> Self:
        names = [stage.name for stage in self.stages]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidValueError(f"two stages of the launch are named {twice[0]}", "give each a name of its own")
        return self
